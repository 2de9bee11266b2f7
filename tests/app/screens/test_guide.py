"""How it works, run without a browser."""

from __future__ import annotations

from harness import tracks


def test_every_topic_of_the_guide(open_app, tmp_path):
    app = open_app(tmp_path, "guide", topic="tracks").fine()
    floor = tracks.card("digits-v1")["floors"]["fd"]
    floors = {row["id"]: row["cells"][1] for row in app.tables["guide.floors-digits-v1"]["rows"]}
    assert floors["floor fd"] == f"{floor:.3g}"
    for track in ("mnist-v1", "imagenet64-v1"):
        facts = {row["cells"][0]: row["cells"][1] for row in app.tables[f"guide.facts-{track}"]["rows"]}
        assert facts["board"] == tracks.standing(track).kind
    assert "guide.floors-imagenet64-v1" not in app.tables
    assert "nothing was measured on it yet" in app.words
    for topic in ("question", "protocol", "metrics", "reading", "adding"):
        app.segmented_control(key="guide.topic").set_value(topic).run()
        assert len(app.fine().words) > 100
        assert app.address.get("topic", ["question"]) == [topic]
    scope: dict[str, object] = {}
    source = app.code[0].value.replace("from schedules import register", "register = lambda *a, **k: lambda f: f")
    exec(source, scope)
    assert scope["my_laplace"]().mean() == 0
    assert app.code[1].value.count("snrbench") == 4


def test_the_guide_claims_no_more_schedules_than_there_are(open_app, tmp_path):
    """schedules/README.md names published ones that cannot be said here."""
    words = open_app(tmp_path, "guide").fine().words
    assert "has been published" not in words
    assert "the schedules that it has from papers and public code" in words

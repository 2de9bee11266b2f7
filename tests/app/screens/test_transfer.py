"""The transfer page, run without a browser."""

from __future__ import annotations

from leaderboards.boards import query
from leaderboards.comparisons.agreement.agreements import agreements
from leaderboards.comparisons.agreement.headline import leading, tau_text
from leaderboards.comparisons.choice import Choice
from leaderboards.comparisons.views.transfer import transfer_of


def test_transfer_draws_every_part(open_app, full_store):
    app = open_app(full_store, "transfer").fine()
    assert set(app.figures) == {"correlations", "agreement", "ranks", "wins", "profiles", "front"}
    (lead, *_) = leading(agreements(query.runs_table(full_store, "digits-v1"), "digits-v1", Choice("fd")))
    assert app.tables["transfer.agreement"]["rows"][0]["cells"][4] == tau_text(lead)
    table = query.runs_table(full_store, "digits-v1")
    transfer = transfer_of(table, "digits-v1", "target", Choice("fd"))
    drawn = app.figures["correlations"]["data"][0]
    assert drawn["x"] == list(transfer.conditions)
    assert drawn["text"][0][1] == f"{transfer.tau[0, 1]:.2f}"
    ways = {row["cells"][1] for row in app.tables["transfer.ways"]["rows"]}
    assert ways == {"v", "x0", "all"}
    assert app.tables["transfer.noise"]["rows"]


def test_transfer_over_every_axis(open_app, full_store):
    app = open_app(full_store, "transfer", axis="guidance", target="v").fine()
    drawn = {"guidance": "correlations" in app.figures}
    for axis in ("mark", "metric", "grid", "track"):
        app.segmented_control(key="transfer.axis").set_value(axis).run()
        drawn[axis] = "correlations" in app.fine().figures
        assert app.address["axis"] == [axis]
    assert drawn == {"guidance": True, "mark": True, "metric": True, "grid": False, "track": False}

"""The schedule lab, run without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import schedules
import schedules.relatives.similarity
from app.widgets.cards import similar_schedules, trainer_flags
from harness import tracks
from schedules import trainers

CARDS = Path(tracks.__file__).parent / "cards"


@pytest.fixture
def whole_lab(open_app, tmp_path):
    return lambda **address: open_app(tmp_path / "none", "lab", **address)


@pytest.fixture
def lab(whole_lab, monkeypatch):
    """The page without its relatives and conformance, which take most of its time and have a test of their own."""
    monkeypatch.setattr(similar_schedules, "relatives", lambda spec: [])
    monkeypatch.setattr(similar_schedules, "failures", lambda spec: [])
    monkeypatch.setattr(trainer_flags, "ranked", lambda spec: [])
    return whole_lab


def spec(app) -> str:
    return app.code[0].value


def test_it_opens_without_a_store_and_a_slider_changes_the_spec(lab):
    app = lab()
    assert not app.exception
    assert not app.error
    assert spec(app) == "laplace"
    assert app.code[1].value == "snrbench run digits-v1 -s laplace"
    assert len(app.get("plotly_chart")) == 3
    app.slider(key="lab.laplace.loc").set_value(1.25)
    app.select_slider(key="lab.laplace.scale").set_value(1.1).run()
    assert not app.error
    assert schedules.parse(spec(app)).params == {"loc": 1.25, "scale": 1.1}
    assert app.address["spec"] == [spec(app), "cosine"]


def test_an_address_restores_exact_parameters_and_transforms(lab):
    wanted = ["laplace:loc=0.123,scale=0.7315|shift:a=3", "edm", "cosine"]
    choices = {"weighting": "min_snr:gamma=3", "track": "gmm-v1", "export": "json"}
    app = lab(spec=wanted, **choices)
    assert not app.error
    assert spec(app) == schedules.parse(wanted[0]).spec
    assert app.multiselect(key="lab.others").value == ["edm", "cosine"]
    assert app.address["spec"] == [schedules.parse(entry).spec for entry in wanted]
    assert {key: app.address[key] for key in choices} == {key: [value] for key, value in choices.items()}
    assert app.code[1].value.startswith("snrbench run gmm-v1 ")
    assert f'"spec": "{schedules.parse(wanted[0]).spec}"' in app.code[2].value
    assert not [
        control for control in app.segmented_control if control.key == "lab.target"
    ]  # its weight is the same for each


def test_an_address_that_is_wrong_is_named_and_left_out(lab):
    app = lab(spec=["<script>alert(1)</script>", "../../etc", "laplace:scale=900", "edm"], weighting="nope")
    assert not app.exception
    assert spec(app) == "edm"
    assert len(app.error) == 4
    assert all("<script>" not in error.value for error in app.error)


@pytest.fixture(scope="module")
def tuned_store(tmp_path_factory):
    """A store with studies of laplace for two targets; nothing else is in it."""
    from known_objective import KnownRuns, tuned

    root = tmp_path_factory.mktemp("tuned")
    specs = {}
    for target in ("v", "eps"):
        [(_, says)], _ = tuned(root, KnownRuns(lambda spec: 9 * (spec.trial == 0)), trials=4, target=target)
        specs[target] = says["schedule"]
    return root, specs


def test_what_was_tuned_is_offered_and_drawn(tuned_store, open_app, monkeypatch):
    monkeypatch.setattr(similar_schedules, "relatives", lambda spec: [])
    monkeypatch.setattr(similar_schedules, "failures", lambda spec: [])
    monkeypatch.setattr(trainer_flags, "ranked", lambda spec: [])
    root, specs = tuned_store
    app = open_app(root, "lab", spec=["cosine"]).fine()
    offered = {f"laplace@tuned · gmm-v1 · {target}" for target in specs} | {"edm@tuned · digits-v1 · v"}  # published
    assert offered <= set(app.multiselect(key="lab.others").options)
    app.multiselect(key="lab.others").set_value(["laplace@tuned · gmm-v1 · v", "laplace@tuned · gmm-v1 · eps"]).run()
    assert app.fine().address["spec"] == ["cosine", specs["v"], specs["eps"]]
    app = open_app(root, "lab", spec=["laplace@tuned · gmm-v1 · v"]).fine()
    assert spec(app) == specs["v"], "its parameters can be turned from there"
    (error,) = open_app(root, "lab", spec=["edm", "laplace@tuned"]).error
    assert "tuned for gmm-v1 × eps, gmm-v1 × v; write 'laplace@tuned · … · …'" in error.value


def test_a_mixture_is_drawn_beside(lab):
    mixture = schedules.parse("mixture(laplace@0.5,cosine@0.5)").spec
    app = lab(spec=mixture)
    assert not app.error
    assert app.multiselect(key="lab.others").value == [mixture]


def test_keeping_a_schedule_draws_it_on_beside_every_kind(lab):
    app = lab(spec="laplace:scale=0.7")
    app.button[0].click().run()
    assert app.multiselect(key="lab.others").value == ["laplace:scale=0.7"]
    for name in ("edm", "speed", "piecewise", "preset/sd3", "beta_timestep"):
        app.selectbox(key="lab.name").set_value(name).run()
        assert spec(app.fine()) == name
        assert app.address["spec"] == [name, "laplace:scale=0.7"]


def test_relatives_conformance_cost_and_export(whole_lab):
    app = whole_lab(spec="laplace:scale=0.7").fine()
    relatives = schedules.relatives.similarity.nearest(schedules.parse("laplace:scale=0.7"), 3)
    assert app.names("lab.relatives")[:3] == [relative.name for relative in relatives]
    assert "Passes every property" in next(element.value for element in app.success)
    seconds = json.loads((CARDS / "digits-v1.json").read_text())["seconds_a_run_on_one_cpu_core"]
    assert f"of {seconds:g} s each" in app.words
    assert app.code[2].value.startswith('"""Noise schedule `laplace:scale=0.7`')
    app.segmented_control(key="lab.export").set_value("json").run()
    assert '"spec": "laplace:scale=0.7"' in app.fine().code[2].value


def test_a_mistaken_transform_is_one_line(lab):
    app = lab()
    app.text_input(key="lab.transforms").set_value("shft:a=3").run()
    (error,) = app.error
    assert "shift" in error.value
    assert spec(app) == "laplace"


def test_a_trainers_flags_both_ways(whole_lab, monkeypatch):
    monkeypatch.setattr(similar_schedules, "relatives", lambda spec: [])
    monkeypatch.setattr(similar_schedules, "failures", lambda spec: [])
    app = whole_lab(spec="preset/sd3").fine()
    app.selectbox(key="lab.trainer").set_value("sd-scripts").run()
    flags = "--timestep_sampling shift --sigmoid_scale 1 --discrete_flow_shift 3"
    assert flags in [block.value for block in app.fine().code]
    assert "digits-v1, target all" in app.words
    app.text_area(key="lab.trainer-pasted").set_value("--timestep_sampling flux_shift --sigmoid_scale 1.2")
    next(button for button in app.button if button.label == "Show what they draw").click().run()
    assert spec(app.fine()) == "logit_normal:s=1.2|flux_shift:mu=1.15"
    assert "at 4096 tokens" in app.words
    assert "--timestep_sampling shift --sigmoid_scale 1.2" in "".join(block.value for block in app.code)
    app.text_area(key="lab.trainer-pasted").set_value("--timestep_samplng flux_shift")
    next(button for button in app.button if button.label == "Show what they draw").click().run()
    (error,) = app.error
    assert "did you mean timestep" in error.value


def test_a_density_that_a_trainer_cannot_draw(lab):
    app = lab(spec="laplace")
    app.selectbox(key="lab.trainer").set_value("edm2").run()
    assert "The nearest that it can is" in app.fine().words


def test_flags_open_on_a_trainer_that_most_know_and_stay_on_the_one_that_was_chosen(lab):
    app = lab(spec="logit_normal").fine()
    assert app.selectbox(key="lab.trainer").value == "diffusers-flags"
    app.selectbox(key="lab.trainer").set_value("ai-toolkit").run()
    app.selectbox(key="lab.name").set_value("laplace").run()
    assert app.fine().selectbox(key="lab.trainer").value == "ai-toolkit"


def test_ranks_under_flags_are_those_of_what_the_flags_draw(lab, monkeypatch):
    """Those of the density itself stand in a card of their own, above."""
    ranks = {"track": "digits-v1", "target": "v", "text": "rank 1 of 3"}
    monkeypatch.setattr(trainer_flags, "ranked", lambda spec: [{**ranks, "entry": spec}])
    app = lab(spec="laplace").fine()
    drawn = trainers.express(schedules.parse("laplace"), app.selectbox(key="lab.trainer").value)
    lines = [line for line in app.words.splitlines() if "rank 1 of 3" in line or "On the published boards" in line]
    assert drawn.spec != "laplace"
    assert [line.split("`")[1] for line in lines if "`" in line] == ["laplace", drawn.spec]
    assert "What these flags draw instead stands on published boards:" in app.words
    app = lab(spec="logit_normal").fine()
    assert app.words.count("rank 1 of 3") == 1

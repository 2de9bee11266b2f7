"""Pasted text → flags, and what is said of slips; what every trainer keeps to."""

import itertools
import sys

import pytest

import schedules
from schedules import UserError, trainers
from schedules.relatives.similarity import SAME, total_variation
from schedules.trainers.common import text


@pytest.mark.parametrize(
    "pasted",
    [
        "--a 1 --b=-0.5 --c",
        "accelerate launch --x y train.py --a 1 \\\n  --b -0.5 --c",
        "f(a=1, b = -0.5, c=true)",
        '{"a": 1, "nested": {"b": -0.5}, "c": true, "d": null}',
        "outer:\n  a: 1  # one\n  - b: -0.5\n  c: 'true'\n  d: null",
        "a=1 b=-0.5 c=true",
    ],
)
def test_forms(pasted):
    named = text.read(pasted, switches={"c"}).named
    assert {name: named[name] for name in "abc"} == {"a": "1", "b": "-0.5", "c": "true"}
    assert "d" not in named


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            "--timestep_samplng flux_shift",
            "unknown flag of sd-scripts 'timestep_samplng'; did you mean timestep_sampling",
        ),
        (
            "--timestep_sampling flux_shft",
            "unknown timestep_sampling of sd-scripts 'flux_shft'; did you mean flux_shift",
        ),
        ("--sigmoid_scale two", "sd-scripts: sigmoid_scale=two: expected a number"),
        ("--sigmoid_scale 0", "sd-scripts: sigmoid_scale=0: expected a number in"),
        ("--timestep_sampling 'flux_shift", "no closing quotation"),
        ('{"timestep_sampling": ', "must be JSON"),
    ],
)
def test_a_slip_is_one_line(flags, words):
    with pytest.raises(UserError) as caught:
        trainers.read("sd-scripts", flags)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("trainer", "flags", "words"),
    [
        (
            "edm2",
            "--P_mean=2000 --P_std=1",
            "edm2: P_mean=2000: no registered schedule reaches that; expected at most ",
        ),
        ("edm2", "--P_mean=-1e308", "P_mean=-1e+308: no registered schedule reaches that; expected at least -"),
        ("onetrainer", "timestep_distribution=BETA", "noising_weight=0 by default: .* expected at least 0.2"),
        ("sd-scripts", "--weighting_scheme logit_normal", "sd-scripts: which script?"),
    ],
)
def test_what_no_schedule_reaches_is_said_of_the_trainers_own_flag(trainer, flags, words):
    with pytest.raises(UserError, match=words.replace("?", "[?]").replace("+", "[+]")):
        trainers.read(trainer, flags)


def refusal(name, stated):
    """What is said of flags; "" where they draw something."""
    try:
        trainers.read(name, trainers.get(name).write(stated))
    except UserError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("name", trainers.names())
def test_a_number_out_of_reach_is_said_of_a_flag_of_the_trainer_and_the_one_it_expects_is_taken(name):
    """Whatever names the registry has for what the flag moves."""
    trainer = trainers.get(name)
    numbers = [flag for flag, of in trainer.flags.items() if of.written and not of.choices and not of.default]
    for flag, value in itertools.product(numbers, (-1e308, -50.0, 1e-300, 1e308)):
        if isinstance(trainer.flags[flag].default, bool | str):
            continue
        stated = {**trainer.ways[0].fixed, flag: value}
        stated = {key: held for key, held in stated.items() if trainer.flags[key].written}
        message = refusal(name, stated)
        assert flag in message or not message, stated
        _, at, end = message.partition("; expected at ")
        assert not at or not refusal(name, {**stated, flag: float(end.split()[1])})


def test_other_flags_are_left_aside_by_name():
    line = "flux_train_network.py --max_train_steps 500 --timestep_sampling sigmoid --network_dim 16 --logging_dir x"
    read = trainers.read("sd-scripts", line)
    assert read.schedule.spec == "logit_normal"
    assert read.notes[-1] == "not about noise levels, left aside: max_train_steps, network_dim, logging_dir"


def test_unknown_trainer():
    with pytest.raises(UserError, match="unknown trainer 'sd-script'; did you mean sd-scripts"):
        trainers.read("sd-script", "")


def test_every_trainer_says_what_was_read():
    for name in trainers.names():
        trainer = trainers.get(name)
        repository, _, commit = trainer.source.partition(" ")[0], *trainer.source.rpartition(" @ ")[1:]
        assert "/" in repository
        assert len(commit) == 7
        module = sys.modules[trainer.draw.__module__]
        assert repository in module.__doc__
        assert commit in module.__doc__


def test_lines_draw_what_they_are_asked_for():
    sd3 = schedules.parse("preset/sd3")
    lines = {line.trainer: line for line in trainers.lines(sd3)}
    assert set(lines) == set(trainers.names()) - {"ai-toolkit"}
    for name, line in lines.items():
        assert total_variation(trainers.read(name, line.flags).schedule, sd3) < SAME


def test_flags_come_back_wherever_their_numbers_are():
    for p_mean, p_std in itertools.product((-4.0, -1.2, 0.3, 4.0), (0.05, 1.2, 5.0, 8.0)):
        drawn = trainers.read("edm2", f"--P_mean={p_mean} --P_std={p_std}").schedule
        (line,) = trainers.lines(drawn, ["edm2"])
        assert line.flags == f"--P_mean={p_mean:g} --P_std={p_std:g}"


@pytest.mark.parametrize(
    ("spec", "trainer"),
    [
        ("logit_normal|scale:by=11", "sd-scripts"),
        ("logit_normal|scale:by=30", "diffusers-flags"),
        ("logit_normal|scale:by=6.5|shift:a=0.0821", "simpletuner"),
        ("edm2|scale:by=8", "edm2"),
        ("sigmoid_ramp:w=0.51,c=0.21", "onetrainer"),
    ],
)
def test_wide_and_odd_densities_have_exact_flags(spec, trainer):
    """A search that is cut short by a coarse fit misses these."""
    schedule = schedules.parse(spec)
    expression = trainers.express(schedule, trainer)
    assert expression.exact
    assert total_variation(trainers.read(trainer, expression.flags).schedule, schedule) < SAME


def test_own_lines_of_a_preset():
    assert trainers.own_lines(schedules.parse("preset/qwen-image")) == {
        "musubi": "--timestep_sampling qwen_shift  (at 4096 tokens)"
    }


def test_what_learns_has_no_flags():
    with pytest.raises(UserError, match="learns while training"):
        trainers.express(schedules.create("infonoise"), "edm")
    assert trainers.lines(schedules.create("infonoise")) == []


def test_the_nearest_is_no_further_than_any_other():
    """A Laplace is nearest to the normal of least W₁, here found by a scan over its width."""
    laplace = schedules.create("laplace")
    nearest = trainers.express(laplace, "edm", sigma_data=1.0)
    scan = [
        schedules.relatives.similarity.wasserstein(laplace, schedules.parse(f"edm:p_mean=0,p_std={width:.3f}"))
        for width in [0.2 + 0.005 * step for step in range(60)]
    ]
    assert not nearest.exact
    assert nearest.w1 == pytest.approx(min(scan), abs=5e-4)
    assert schedules.relatives.similarity.wasserstein(laplace, schedules.parse(nearest.spec)) == nearest.w1


NEW = """
from schedules.trainers.common.trainer import Draw, Flag, Span, Trainer, Way

TRAINER = Trainer(
    name="new",
    title="New",
    source="nobody/new",
    flags={"width": Flag(1.0)},
    draw=lambda settings: Draw(f"laplace:scale={settings['width']}"),
    ways=(Way({}, {"width": Span(0.1, 3, log=True)}),),
)
"""


def test_one_file_is_all_that_a_trainer_takes(tmp_path, monkeypatch):
    (tmp_path / "brand_new.py").write_text(NEW)
    monkeypatch.setattr(trainers, "__path__", [*trainers.__path__, str(tmp_path)])
    trainers.by_name.cache_clear()
    try:
        assert "new" in trainers.names()
        assert trainers.express(schedules.parse("laplace:scale=0.7"), "new").flags == "--width 0.7"
    finally:
        monkeypatch.undo()
        trainers.by_name.cache_clear()
        sys.modules.pop("schedules.trainers.brand_new", None)

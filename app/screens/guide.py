"""How it works: the question, the protocol, the metrics, how to read a board and how to add a schedule."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

import schedules
from app.charts import densities, frame
from app.data import links, results
from app.style import theme
from app.style.plain_text import plain
from app.widgets import grid
from app.widgets.card_heading import head
from app.widgets.error_boundary import shielded
from app.widgets.grid import Column
from leaderboards.boards.query import METRICS
from leaderboards.wording import NOTHING

PAGE = "guide"
TOPICS = {
    "question": "The question",
    "protocol": "The protocol",
    "tracks": "Tracks",
    "metrics": "Metrics",
    "reading": "Reading a board",
    "adding": "Adding a schedule",
}
RULES = (
    ("Only the schedule differs", "Network, data order, dropped labels, noise, initial weights and the random numbers"
     " that noise levels are made from depend on the seed alone. So entries are compared in pairs, seed by seed."),
    ("The network sees λ", "It sees it through one fixed embedding, never a schedule's own t."),
    ("Evaluation does not know the schedule", "The track fixes the sampler, its steps, its grid of λ and the guidance"
     " scales. A seed's sampling noise is the same for every entry."),
    ("Every distance has a floor", "It is the distance between real training data and real held-out data. Scores near"
     " it are marked: below it nothing is left to tell apart."),
    ("Tuned against tuned", "What is tuned is scored untuned as well: with the parameters in its name, and defaults"
     " for the rest. Every study has the same number of trials, on seeds and a validation split that the reported score"
     " never touches."),
    ("Uncertainty is part of the number", "95 % intervals over seeds, whose noise is judged by that of all pairs;"
     " Holm's correction over the tests of a board; ranks as intervals. One seed has no interval, two have no rank."),
    ("Divergence is a result", "A run whose loss is not finite is recorded with its step and reason, and ranks last."),
)  # fmt: skip
READING = (
    ("rank", "the places that an entry may have, all at once with 95 %: “1–6” is surely behind nobody, and ahead of all"
     " but five. † scatters more over seeds than the others, and is judged by its own seeds alone."),
    ("score [95 %]", "the mean over seeds with its interval. An asterisk: within reach of the floor."),
    ("vs cosine", "the change against the baseline, paired by seed. “−31 % [−36, −25]”: 31 % less, and between 36 and"
     " 25 % less with 95 % confidence."),
    ("p", "of the test against the baseline, or against “my entry”, corrected for all tests of the board."),
    ("speed-up", "how many times sooner the baseline's final score is reached, by each seed by itself, on every target"
     " shown, without guidance. The score is a mean over seeds, with guidance: “not reached” can stand beside a better"
     " one."),
    ("g", "the scale of classifier-free guidance. “best” takes, for each entry, the one that validation data prefer."),
    ("training", "the score at 25, 50 and 100 % of the budget."),
)  # fmt: skip
PLUGIN = '''from optuna.distributions import FloatDistribution as Float
from scipy import stats

from schedules import register


@register("my_laplace", space={"loc": Float(-3, 3), "scale": Float(0.1, 3, log=True)}, paper="arXiv:2407.03297")
def my_laplace(loc: float = 0.0, scale: float = 0.5):
    """p(λ) = exp(−|λ − loc| / scale) / (2 scale)."""
    return stats.laplace(loc, scale)
'''


def page() -> None:
    """The whole page."""
    st.title("How it works", anchor=False)
    address = links.arrived(PAGE)
    if address is not None:
        links.reset(PAGE)
        st.session_state[f"{PAGE}.topic"] = address.get("topic", [""])[-1]
    links.offer(f"{PAGE}.topic", list(TOPICS), "question")
    topic = str(
        st.segmented_control(
            "Topic", list(TOPICS), key=f"{PAGE}.topic", format_func=TOPICS.__getitem__, required=True,
            label_visibility="collapsed",
        )
    )  # fmt: skip
    bodies = {
        "question": _question,
        "protocol": _protocol,
        "tracks": _tracks,
        "metrics": _metrics,
        "reading": _reading,
        "adding": _adding,
    }
    shielded(bodies[topic])
    links.show(PAGE, {"topic": topic if topic != "question" else ""})


def _question() -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(
            "A diffusion model learns to remove noise. During training every image is mixed with some noise, and"
            " somebody decides how often which strength of it is drawn. That decision is the **noise schedule**.\n\n"
            "The strength is measured by **λ = log SNR**, the logarithm of signal over noise: at λ = 0 both are equal,"
            " at λ = 10 the image is nearly clean, at λ = −10 it is nearly gone. A schedule is then a probability"
            " density **p(λ)**: where training spends its samples.\n\n"
            "What the network is asked for can differ, too: the noise (`eps`), the clean image (`x0`) or a mix of both"
            " (`v`, and `flow` as flow matching has it). That is the **prediction target**, and a schedule may suit one"
            " of them and not another.\n\n"
            "Does it matter? In [*Improved Noise Schedule for Diffusion Training*](https://arxiv.org/abs/2407.03297)"
            " (Hang, Gu, Geng, Guo; ICCV 2025) drawing λ more often around 0, by a Laplace density, trains faster than"
            " the usual cosine schedule. snrbench asks the question for the schedules that it has from papers and"
            " public code, under one frozen protocol, and says how sure the answer is."
        )
        with st.container(horizontal=True, gap="medium"):
            st.page_link("screens/leaderboard.py", label="See who leads", icon=":material/leaderboard:")
            st.page_link("screens/lab.py", label="Turn a schedule's parameters", icon=":material/show_chart:")
    with right, st.container(border=True):
        head("Three schedules as densities", "noise to the left, data to the right")
        named = {name: schedules.create(name) for name in ("cosine", "laplace", "edm")}
        frame.draw(
            densities.density(named, theme.styles(named)), f"{PAGE}-figure.density", "Three densities over log SNR"
        )


def _protocol() -> None:
    st.markdown("What is fixed, so that a difference on the board is a difference between schedules:")
    for number, (title, body) in enumerate(RULES, start=1):
        st.markdown(f"**{number}. {title}.** {plain(body)}")


def _tracks() -> None:
    st.markdown(
        "A track is a frozen task: data, network, budget and evaluation. A change that could move a number makes a new"
        " track, with a new name. Its board is *ranked*, unless its score draws no samples (*diagnostic*), the baseline"
        " has not learned the task within the budget (*untrained*), or the budget is a share of another track's"
        " (*shortened*). Where nobody has measured the baseline it is *not measured*."
    )
    for name in results.track_names():
        with st.container(border=True):
            _track(name)


def _track(name: str) -> None:
    track, card = results.track(name), results.card(name)
    st.markdown(f"**{plain(name)}**  \n{plain(track.summary)}")
    sizes: Any = card.get("sizes") or {}
    low, high = track.evaluation.sampler_logsnr
    facts = {
        "training data": _count(sizes.get("train")),
        "validation, test": f"{_count(sizes.get('val'))}, {_count(sizes.get('test'))}",
        "parameters": _count(card.get("network_parameters")),
        "steps × batch": f"{track.training.steps:,} × {track.training.batch}",
        "a run, one core": _seconds(card.get("seconds_a_run_on_one_cpu_core")),
        "sampler": f"DDIM, {track.evaluation.ddim_steps} steps, λ from {high:g} to {low:g}".replace("-", "−"),
        "prediction targets": ", ".join(track.targets),
        "board": results.standing(name).kind,
    }
    left, right = st.columns(2, gap="medium")
    with left:
        rows = [grid.Row(key, [key, value]) for key, value in facts.items()]
        grid.show(_two("fact", "value"), rows, f"{PAGE}.facts-{name}", f"Facts of {name}", look="matrix")
    with right:
        floors: Any = card.get("floors") or {}
        rows = [grid.Row(f"floor {key}", [f"floor of {key}", _small(value)]) for key, value in floors.items()]
        baseline: Any = card.get("baseline_unguided") or {}
        for target, figures in baseline.items():
            noise = figures["fd_sd_of_log"]  # unknown of one seed
            spread = f"{figures['fd_mean']:.3g}" + ("" if noise is None else f" ± {100 * noise:.0f} %")
            rows.append(grid.Row(target, [f"fd of cosine, {target}, unguided", spread]))
        if rows:
            grid.show(_two("measured", "value"), rows, f"{PAGE}.floors-{name}", f"Floors of {name}", look="matrix")
        else:
            st.caption("nothing was measured on it yet")


def _two(first: str, second: str) -> list[Column]:
    return [Column(first), Column(second, align="right", phone="small", short=" ")]


def _metrics() -> None:
    st.markdown(
        "What is measured, on held-out data, whatever the schedule. The first of a track is what ranks it. The floor of"
        " each distance, between real and real data, stands under “Tracks”."
    )
    heads = [Column("metric", "entry"), Column("what it is"), Column("better", phone="small")]
    rows = []
    for name, metric in METRICS.items():
        unit = f", {metric.unit}" if metric.unit else ""
        cells: list[grid.Cell] = [grid.name(name), f"{metric.title}{unit}: {metric.summary}", metric.better]
        rows.append(grid.Row(name, cells))
    grid.show(heads, rows, f"{PAGE}.metrics", "Metrics")


def _reading() -> None:
    st.markdown("The columns of a board, from the left:")
    rows = [grid.Row(name, [grid.name(name), text]) for name, text in READING]
    grid.show([Column("column", "entry"), Column("meaning")], rows, f"{PAGE}.reading", "Columns of a board")
    st.markdown(
        "Two entries are told apart if a paired t-test says so after Holm's correction. *Seed by seed* matters: a lucky"
        " seed is lucky for everyone, so its luck cancels in the difference. The board says how much that bought"
        " (“pairing gain”). How much five seeds scatter is itself uncertain, so it is weighed with how much the"
        " other pairs do, or the track's published runs. Filters hide rows and change no verdict; “my entry” tests that"
        " entry alone against the others, which tells more apart."
    )
    with st.container(border=True):
        head("Why intervals, in one picture", "two entries whose means differ by 10 %, over three seeds")
        frame.draw(_luck(), f"{PAGE}-figure.luck", "Seeds of two entries")


def _luck() -> frame.Figure:
    """Scores of two entries that share their seeds' luck: the difference is surer than either score."""
    luck, gain = np.array([0.82, 1.0, 1.21]), np.array([0.885, 0.91, 0.905])
    figure = frame.figure("", "score", height=260)
    for seed, (score, share) in enumerate(zip(luck, gain, strict=True)):
        figure.add_scatter(
            x=["baseline", "another entry"], y=[score, score * share], mode="lines+markers+text",
            text=["", f"seed {seed}: {100 * (share - 1):.1f} %".replace("-", "−")], textposition="middle right",
            line={"color": theme.COLOURS[0], "width": 1.8}, marker={"size": 8}, showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    figure.update_xaxes(range=[-0.3, 1.9], showgrid=False)
    return figure


def _adding() -> None:
    st.markdown("A schedule is a function from parameters to a distribution over λ. This file is a whole plugin:")
    st.code(PLUGIN, language="python")
    st.markdown("Make one, check it before a second of training is spent, and rank it:")
    st.code(
        "snrbench schedules new my_laplace\n"
        "snrbench schedules check my_laplace --plugin my_laplace.py\n"
        "snrbench run digits-v1 -s cosine -s my_laplace --plugin my_laplace.py\n"
        "snrbench leaderboard digits-v1",
        language=None,
        wrap_lines=True,
    )
    st.markdown(
        "A density may also come from a time form λ(t), from a table of β or ᾱ, or from points. Transforms of another"
        " (`laplace|shift:a=3`) and mixtures (`mixture(laplace@0.7, cosine@0.3)`) need no plugin. A schedule that"
        " learns while training adds `update(logsnr, loss)`."
    )


def _small(value: float) -> str:
    """Three significant digits, never as a power of ten."""
    return np.format_float_positional(value, precision=3, fractional=False, trim="-").replace("-", "−")


def _count(value: Any) -> str:
    return NOTHING if value is None else f"{value:,}"


def _seconds(value: Any) -> str:
    return NOTHING if value is None else f"{value:g} s"


shielded(page)

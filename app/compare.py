"""Chosen entries side by side: loss, budget, ε-error against λ, guidance, samples. Each part fails on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from app import results
from app.charts import densities, errors, frame, training
from app.guard import shielded
from app.links import offer
from app.results import Store
from app.text import code
from app.theme import Style
from leaderboards.rows import Board
from leaderboards.views import Curve

LOSS = "train/loss"
IMAGES = 4
"""Sample grids in a row."""


@dataclass(frozen=True)
class Chosen:
    """What is compared: entries, in the order of `styles`, of one target of a track."""

    store: Store
    track: str
    target: str
    board: Board
    styles: Mapping[str, Style]

    def runs(self) -> pd.DataFrame:
        """The runs of the entries: label, seed, run_id, …"""
        found = results.ranked_runs(self.store, self.track, self.target)
        return found[found["label"].isin(list(self.styles)) & (found["outcome"] == "finished")]

    def curves(self, read: Callable[[Store, tuple[str, ...]], dict[str, Curve]]) -> dict[str, dict[int, Curve]]:
        """entry → seed → curve, for the runs that have one."""
        run_ids = self.runs().set_index(["label", "seed"])["run_id"].astype(str)
        found = read(self.store, tuple(run_ids))
        curves: dict[str, dict[int, Curve]] = {name: {} for name in self.styles}
        for (name, seed), run_id in zip(run_ids.index.to_list(), run_ids, strict=True):
            if run_id in found:
                curves[str(name)][int(seed)] = found[run_id]
        return {name: seeds for name, seeds in curves.items() if seeds}


def show(chosen: Chosen) -> dict[str, str]:
    """Put all comparisons on the page; returns what was chosen in them, for the address."""
    parts: list[tuple[str, str, Callable[[Chosen], None]]] = [
        ("Metric against budget", "Marks of the budget, unguided; points are seeds.", _budget),
        ("ε-error against λ", "Below the line: predicts the noise better than the baseline at this λ.", _errors),
        ("Metric against guidance", "Guidance can turn an order round; bars are 95 % intervals over seeds.", _guidance),
        ("Training loss", "Each schedule draws other λ: losses show stability, they do not rank.", _losses),
    ]
    places = [place for _ in range(0, len(parts), 2) for place in st.columns(2, gap="medium")]
    for place, (title, caption, body) in zip(places, parts, strict=True):
        with place, st.container(border=True):
            st.markdown(f"**{title}**")
            st.caption(caption)
            shielded(partial(body, chosen))
    if learned := chosen.curves(results.learned_densities):
        with st.container(border=True):
            st.markdown("**What was learned**")
            st.caption("p(λ) at the end of training, for the schedules that learn; a line for each seed.")
            _draw(densities.learned(learned, chosen.styles), "learned", "Learned densities over log SNR")
    seen: dict[str, str] = {}
    with st.container(border=True):
        shielded(lambda: seen.update(_samples(chosen)))
    return seen


def _budget(chosen: Chosen) -> None:
    board = chosen.board
    marks = results.marks(chosen.store, chosen.track, chosen.target, board.metric.name)
    marks = marks[marks["label"].isin(list(chosen.styles))]
    if marks["mark"].nunique() < 2:
        st.info("This metric was measured at the end of the budget only.")
        return
    figure = training.budget(marks, board.metric, board.baseline, chosen.styles)
    _draw(figure, "budget", f"{board.metric.title} against the share of the budget")


def _errors(chosen: Chosen) -> None:
    curves = chosen.curves(results.error_curves)
    if not curves:
        st.info("No run of these entries kept its error curve.")
    elif len(curves) > 1 and chosen.board.baseline in curves:
        _draw(errors.relative(curves, chosen.board.baseline, chosen.styles), "errors", "ε-error against log SNR")
    else:
        _draw(errors.absolute(curves, chosen.styles), "errors", "ε-error against log SNR")


def _guidance(chosen: Chosen) -> None:
    scales = results.guidance_scales(chosen.store, chosen.track, chosen.board.metric.name)
    if len(scales) < 2:
        st.info("This metric does not depend on guidance here.")
        return
    boards = {
        scale: results.board(chosen.store, chosen.track, chosen.board.metric.name, chosen.target, f"{scale:g}")
        for scale in scales
    }
    _draw(training.guidance(boards, chosen.target, chosen.styles), "guidance", "Metric against the guidance scale")


def _losses(chosen: Chosen) -> None:
    curves = chosen.curves(partial(results.histories, metric=LOSS))
    if not curves:
        st.info("No run of these entries kept its training loss.")
        return
    _draw(training.losses(curves, chosen.styles), "losses", "Training loss")


def _samples(chosen: Chosen) -> dict[str, str]:
    """Sample grids of one seed: the same sampling noise for every entry, so that only the training differs."""
    st.markdown("**Samples from the same noise**")
    runs = chosen.runs()
    seeds = [str(seed) for seed in sorted(runs["seed"].unique())]
    if not seeds:
        st.info("No finished run of these entries.")
        return {}
    key = "leaderboard.seed"
    offer(key, seeds, seeds[0])
    if len(seeds) > 1:
        st.segmented_control("Seed", seeds, key=key, required=True)
    seed = st.session_state[key]
    of_seed = runs[runs["seed"] == int(seed)].set_index("label")["run_id"].astype(str)
    found = {name: results.samples(chosen.store, of_seed[name]) for name in chosen.styles if name in of_seed}
    images = {name: image for name, image in found.items() if image is not None}
    if not images:
        st.info("The runs of this seed have no picture of their samples.")
        return {}
    places = st.columns(min(IMAGES, len(images)), gap="medium")
    for index, (name, image) in enumerate(images.items()):
        with places[index % len(places)]:
            st.image(image, caption=code(name), width="stretch")
    return {"seed": seed} if seed != seeds[0] else {}


def _draw(figure: Figure, name: str, alt: str) -> None:
    figure.update_layout(showlegend=True)
    frame.draw(figure, f"figure.{name}", alt)

"""Samples of one seed side by side: the same sampling noise for every entry, so only the training differs."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st
from PIL import Image

from app.data import links, results
from app.data.chosen_entries import Chosen
from app.data.results import NEAREST, SAMPLES
from app.style.plain_text import code
from app.widgets.card_heading import head

ACROSS = 4
"""Sample grids in a row."""
SMALL, ZOOM = 200, 4
"""A picture of fewer pixels across is shown so many times as large, each pixel a square."""
ABOUT = "Unguided, a column for each label."
ABOUT_NEAREST = (
    " The nearest training image of each sample stands at the same place: where the two are alike, the model has"
    " memorised."
)
KINDS = {"samples": SAMPLES, "nearest training images": NEAREST}


def show(chosen: Chosen, page: str) -> dict[str, str]:
    """Put them on the page; returns the seed that is shown, for the address."""
    runs = chosen.runs()
    if runs.empty:
        head("Samples from the same noise", ABOUT)
        st.info("No finished run of these entries.")
        return {}
    track = chosen.view.track
    pictured = runs[[results.may_have_pictures(track, str(run_id)) for run_id in runs["run_id"]]]
    own = any(results.of_store(str(run_id)) for run_id in pictured["run_id"])
    head("Samples from the same noise", ABOUT + (ABOUT_NEAREST if own else ""))
    if pictured.empty:
        st.info("No pictures: none came with the published results of these entries.")
        return {}
    return _of_a_seed(chosen, pictured, page, list(KINDS) if own else ["samples"])


def _of_a_seed(chosen: Chosen, runs: pd.DataFrame, page: str, kinds: list[str]) -> dict[str, str]:
    seeds = [str(seed) for seed in sorted(runs["seed"].unique())]
    # The lowest of those that most entries have: published ones have pictures of one seed only.
    usual = str(runs["seed"].value_counts().sort_index().idxmax())
    key, kind_key = f"{page}.seed", f"{page}.pictures"
    links.offer(key, seeds, usual)
    links.offer(kind_key, kinds, "samples")
    with st.container(horizontal=True, gap="medium"):
        if len(seeds) > 1:
            st.segmented_control("Seed", seeds, key=key, required=True)
        if len(kinds) > 1:
            st.segmented_control("Show", kinds, key=kind_key, required=True)
    seed, kind = str(st.session_state[key]), str(st.session_state[kind_key])
    of_seed = runs[runs["seed"] == int(seed)].set_index("label")["run_id"].astype(str)
    images = {}
    for name in chosen.styles:
        run_id = of_seed.get(name)
        image = run_id and results.picture(chosen.store, chosen.view.track, run_id, KINDS[kind])
        if image:
            images[name] = image
    _sheet(images)
    without = [code(name) for name in chosen.styles if name not in images]
    if without:
        st.caption(f"No picture of seed {seed}: {', '.join(without)}.")
    return {"seed": seed if seed != usual else "", "pictures": kind if kind != "samples" else ""}


def _sheet(images: dict[str, bytes]) -> None:
    if not images:
        return
    places = st.columns(min(ACROSS, len(images)), gap="small")
    for index, (name, image) in enumerate(images.items()):
        with places[index % len(places)]:
            st.image(sharp(image), caption=code(name), width="stretch")


def sharp(picture: bytes) -> bytes | Image.Image:
    """The picture; a tiny one enlarged, which a browser would blur."""
    with Image.open(io.BytesIO(picture)) as image:
        if image.width >= SMALL:
            return picture
        return image.resize((ZOOM * image.width, ZOOM * image.height), Image.Resampling.NEAREST)

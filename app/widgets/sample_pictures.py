"""Samples of one seed side by side: the same sampling noise for every entry, so only the training differs."""

from __future__ import annotations

import streamlit as st

from app.data import links, results
from app.data.chosen_entries import Chosen
from app.style.plain_text import code
from app.widgets.card_heading import head

ACROSS = 4
"""Sample grids in a row."""
ABOUT = (
    "Unguided. The nearest training image of each sample stands at the same place: where the two are alike, the model"
    " has memorised."
)
KINDS = {"samples": "samples.png", "nearest training images": "nearest.png"}


def show(chosen: Chosen, page: str) -> dict[str, str]:
    """Put them on the page; returns the seed that is shown, for the address."""
    head("Samples from the same noise", ABOUT)
    runs = chosen.runs()
    seeds = [str(seed) for seed in sorted(runs["seed"].unique())]
    if not seeds:
        st.info("No finished run of these entries.")
        return {}
    key, kind_key = f"{page}.seed", f"{page}.pictures"
    links.offer(key, seeds, seeds[0])
    links.offer(kind_key, list(KINDS), "samples")
    with st.container(horizontal=True, gap="medium"):
        if len(seeds) > 1:
            st.segmented_control("Seed", seeds, key=key, required=True)
        kind = str(st.segmented_control("Show", list(KINDS), key=kind_key, required=True))
    seed = str(st.session_state[key])
    of_seed = runs[runs["seed"] == int(seed)].set_index("label")["run_id"].astype(str)
    found = {
        name: results.picture(chosen.store, of_seed[name], KINDS[kind]) for name in chosen.styles if name in of_seed
    }
    images = {name: image for name, image in found.items() if image is not None}
    if not images:
        why = "the published results hold numbers only" if chosen.store.published else "no run of this seed has one"
        st.info(f"No pictures: {why}.")
    else:
        _sheet(images)
    return {"seed": seed if seed != seeds[0] else "", "pictures": kind if kind != "samples" else ""}


def _sheet(images: dict[str, bytes]) -> None:
    places = st.columns(min(ACROSS, len(images)), gap="small")
    for index, (name, image) in enumerate(images.items()):
        with places[index % len(places)]:
            st.image(image, caption=code(name), width="stretch")

"""Schedules: turn a schedule's parameters and see where training spends its samples and its weight."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import partial

import streamlit as st
from plotly.graph_objects import Figure

import schedules
from app import links, results, sliders, theme
from app.charts import densities, frame
from app.guard import LOG, shielded
from app.text import code, plain
from leaderboards.wording import signed
from schedules import Schedule, UserError, weightings
from schedules.curves import quantiles
from schedules.weightings import TARGETS, Weighting

PAGE = "schedules"
FIRST, BASELINE = "laplace", "cosine"
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
MOST = 8  # schedules that are drawn at once


def page() -> None:
    """The whole page."""
    st.title("Schedules", anchor=False)
    st.caption(
        "A noise schedule is a density p(λ) over λ = log SNR: where training spends its samples. Turn its parameters,"
        " compare it with others, take its spec along."
    )
    for mistake in _adopt(links.arrived(PAGE)):
        _complain(mistake)
    controls, pictures = st.columns([1, 2.6], gap="large")
    with controls:
        current = _current()
        others = _others(current)
        weighting = _weighting()
        _take_along(current)
    shown = list(dict.fromkeys([current, *others]))
    found = theme.styles([*_known(), *(one.spec for one in shown)])
    styles = {one.spec: found[one.spec] for one in shown}
    with pictures:
        _pictures(shown, weighting, styles)
        shielded(partial(_about, current))
    links.show(PAGE, {"spec": [one.spec for one in shown], "weighting": weighting.spec})


def _adopt(address: links.Address | None) -> list[str]:
    """Set the widgets to what an address says; what it says wrongly is returned and left out."""
    if address is None:
        return []
    links.reset(PAGE)
    mistakes: list[str] = []
    specs: list[Schedule] = []
    for spec in address.get("spec", [FIRST, BASELINE])[:MOST]:
        try:
            specs.append(schedules.parse(spec))
        except UserError as mistake:
            mistakes.append(str(mistake))
    # A mixture has no parameters of its own to turn, so it can only be one of the others.
    turned = next((one for one in specs if one.name in schedules.names()), schedules.create(FIRST))
    _turn(turned)
    st.session_state[f"{PAGE}.others"] = [one.spec for one in specs if one != turned]
    if "weighting" in address:
        try:
            st.session_state[f"{PAGE}.weighting"] = weightings.parse(address["weighting"][-1]).spec
        except UserError as mistake:
            mistakes.append(str(mistake))
    return mistakes


def _turn(schedule: Schedule) -> None:
    """Set the widgets of the current schedule."""
    st.session_state[f"{PAGE}.name"] = schedule.name
    st.session_state[f"{PAGE}.transforms"] = schedule.spec.partition("|")[2]
    for key, value in schedule.params.items():
        st.session_state[f"{PAGE}.{schedule.name}.{key}"] = value
        st.session_state[f"{PAGE}.exact.{schedule.name}.{key}"] = value


def _current() -> Schedule:
    """The schedule whose parameters are turned, and its widgets."""
    names = schedules.names()
    links.offer(f"{PAGE}.name", names, FIRST)
    name = st.selectbox("Schedule", names, key=f"{PAGE}.name")
    info = schedules.info(name)
    values = {}
    for key, space in info.space.items():
        widget, exact = f"{PAGE}.{name}.{key}", f"{PAGE}.exact.{name}.{key}"
        st.session_state.setdefault(exact, info.params[key])
        st.session_state.setdefault(widget, st.session_state[exact])
        values[key] = sliders.parameter(key, space, widget, st.session_state[exact])
    schedule = schedules.create(name, **values)
    transforms = st.text_input(
        "Transforms",
        key=f"{PAGE}.transforms",
        placeholder="shift:a=3|truncate:low=-8",
        help="applied to the density one after another, separated by a bar",
    )
    if transforms.strip():
        try:
            return schedules.parse(f"{schedule.spec}|{transforms.strip().strip('|')}")
        except UserError as mistake:
            _complain(str(mistake))
    return schedule


def _others(current: Schedule) -> list[Schedule]:
    """The schedules drawn beside it: chosen from the list, or typed in as a spec."""
    key = f"{PAGE}.others"
    chosen = st.session_state.setdefault(key, [BASELINE])
    typed = st.multiselect(
        "Compare with",
        list(dict.fromkeys([*chosen, *schedules.names()])),
        key=key,
        accept_new_options=True,
        max_selections=MOST - 1,
        help="choose schedules, or type any spec, such as cauchy:scale=2",
    )
    st.button(
        "Keep this one for comparison",
        icon=":material/keep:",
        width="stretch",
        disabled=current.spec in typed or len(typed) >= MOST - 1,
        on_click=_keep,
        args=(current.spec,),
    )
    found = []
    for spec in typed:
        try:
            found.append(schedules.parse(spec))
        except UserError as mistake:
            _complain(str(mistake))
    return found


def _keep(spec: str) -> None:
    st.session_state[f"{PAGE}.others"] = [*st.session_state[f"{PAGE}.others"], spec]


def _weighting() -> Weighting:
    """The loss weighting whose effect on the training weight is drawn."""
    key = f"{PAGE}.weighting"
    chosen = st.session_state.setdefault(key, "native")
    spec = st.selectbox(
        "Loss weighting ω(λ)",
        list(dict.fromkeys([chosen, *weightings.names()])),
        key=key,
        accept_new_options=True,
        help="on the ε-error; native: plain MSE of what the network predicts. Parameters as in min_snr:gamma=3",
    )
    try:
        return weightings.parse(spec or "native")
    except UserError as mistake:
        _complain(str(mistake))
        return weightings.create("native")


def _take_along(schedule: Schedule) -> None:
    """The spec to copy, and the command that ranks it."""
    st.markdown("**Spec**")
    st.code(schedule.spec, language=None, wrap_lines=True)
    st.markdown("**Rank it**")
    st.code(f"snrbench run digits-v1 -s {shlex.quote(schedule.spec)}", language=None, wrap_lines=True)


def _pictures(shown: list[Schedule], weighting: Weighting, styles: densities.Styles) -> None:
    """p(λ), λ(t), and the training weight; one picture for all targets where the weighting does not ask for it."""
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown("**Density: where samples go**")
        _draw(partial(densities.density, shown, styles), "density", "Density over log SNR", names=True)
    with right, st.container(border=True):
        st.markdown("**Time form: λ(t) for uniform t**")
        _draw(partial(densities.time_form, shown, styles), "time", "log SNR over time", names=True)
    st.markdown(f"**Effective training weight p(λ) · ω(λ) on the ε-error**, weighting {code(weighting.spec)}")
    st.caption(plain(weighting.info.summary))
    split = "target" in weighting.info.context
    targets = list(TARGETS) if split else list(TARGETS[:1])
    places = [place for _ in range(0, len(targets), 2) for place in st.columns(min(2, len(targets)), gap="medium")]
    for place, target in zip(places, targets, strict=True):
        with place, st.container(border=True):
            st.markdown(f"network predicts **{target}**" if split else "the same for every prediction target")
            made = partial(densities.weight, shown, weighting, target, styles)
            _draw(made, f"weight.{target}", f"Training weight over log SNR, target {target}")


def _draw(make: Callable[[], Figure], key: str, alt: str, names: bool = False) -> None:
    """Draw a figure; where it can't be made, say so in its place."""

    def body() -> None:
        frame.draw(make().update_layout(showlegend=names), f"figure.{key}", alt)

    shielded(body)


def _about(schedule: Schedule) -> None:
    """Formula, origin and quantiles."""
    info = schedule.info
    with st.expander(f"Formula and source of {code(schedule.name)}", icon=":material/function:", expanded=True):
        st.text(info.doc)
        if info.spec:
            st.markdown(f"stands for {code(info.spec)}")
        if schedule.learns:
            st.caption("Its density changes while training; this is how it starts.")
        at = quantiles(schedule)
        shares = [f"{share}: {signed(at[share], 2)}" for share in ("5%", "25%", "50%", "75%", "95%")]
        st.caption(plain(f"quantiles of λ: {', '.join(shares)}"))
        paper = ARXIV.search(info.paper)
        if paper:
            st.link_button(plain(info.paper), f"https://arxiv.org/abs/{paper[1]}", icon=":material/article:")
        elif info.paper:
            st.caption(f"Source: {plain(info.paper)}")


def _complain(mistake: str) -> None:
    st.error(plain(mistake), icon=":material/error:")


def _known() -> list[str]:
    """The entries of the store, so that colours agree with the leaderboard; a broken store costs only that."""
    try:
        return results.entries(results.store())
    except Exception:
        LOG.exception("the store could not be read")
        return []


shielded(page)

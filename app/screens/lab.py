"""Schedule lab: turn a schedule's parameters, see where training spends its samples, take it along, rank it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import partial

import streamlit as st

import schedules
from app.charts import densities, frame
from app.data import links, results, tuned_specs
from app.data.families import family
from app.style import theme
from app.style.plain_text import code, plain, reflowed
from app.widgets import sliders
from app.widgets.card_heading import head
from app.widgets.cards import similar_schedules, trainer_flags
from app.widgets.error_boundary import shielded
from harness.tracks import board_targets
from leaderboards.wording import signed
from schedules import Schedule, UserError, exports, weightings
from schedules.export import FORMATS, export
from schedules.relatives.curves import quantiles
from schedules.weightings import TARGETS, Weighting

PAGE = "lab"
FIRST, BASELINE = "laplace", "cosine"
ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
MOST = 8  # schedules that are drawn at once
SEEDS = 3


def page() -> None:
    """The whole page."""
    st.title("Schedule lab", anchor=False)
    st.caption(
        "A noise schedule is a density p(λ) over λ = log SNR: where training spends its samples. Turn its parameters,"
        " compare it with others, take it along, rank it."
    )
    for mistake in _adopt(links.arrived(PAGE)):
        _complain(mistake)
    # Two rows, so that on a phone, where columns stand below each other, the sliders are followed by what they move.
    (turned, pictures), (compared, below) = (st.columns([1, 2.6], gap="medium") for _ in range(2))
    with turned, st.container(border=True):
        current = _current()
    with compared, st.container(border=True):
        others = _others(current)
        weighting = _weighting()
    shown = list(dict.fromkeys([current, *others]))
    styles = theme.styles([schedule.spec for schedule in shown], first=current.spec)
    named = {schedule.spec: schedule for schedule in shown}
    with pictures:
        _densities(named, styles)
    with below:
        _weights(named, weighting, styles)
    with compared:
        shielded(partial(_command, current))
    left, right = st.columns(2, gap="small")
    with left:
        shielded(partial(_about, current))
        shielded(partial(_conformance, current))
        shielded(partial(trainer_flags.standing, current))
    with right:
        shielded(partial(similar_schedules.show, current, _draw_beside))
        shielded(partial(_export, current))
        shielded(partial(trainer_flags.show, current, _take))
    usual = {"track": results.track_names()[0], "target": TARGETS[0], "export": FORMATS[0]}
    more = {key: str(st.session_state.get(f"{PAGE}.{key}", first)) for key, first in usual.items()}
    seen = {key: value for key, value in more.items() if value != usual[key]}
    links.show(PAGE, {"spec": [schedule.spec for schedule in shown], "weighting": weighting.spec, **seen})


def _adopt(address: links.Address | None) -> list[str]:
    """Set the widgets to what an address says; what it says wrongly is returned and left out."""
    if address is None:
        return []
    links.reset(PAGE)
    mistakes: list[str] = []
    specs: list[Schedule] = []
    address_specs = address.get("spec", [FIRST, BASELINE])
    if len(address_specs) > MOST:
        mistakes.append(f"the link asks for {len(address_specs)} schedules; {MOST} are the most that are drawn at once")
    for key in {"track", "target", "export"} & set(address):
        st.session_state[f"{PAGE}.{key}"] = address[key][-1]
    store = results.store()
    for spec in address_specs[:MOST]:
        try:
            specs.append(tuned_specs.read(spec, store))
        except UserError as mistake:
            mistakes.append(str(mistake))
    # A mixture has no parameters of its own to turn, so it can only be one of the others.
    turned = next((schedule for schedule in specs if schedule.name in schedules.names()), schedules.create(FIRST))
    _turn(turned)
    st.session_state[f"{PAGE}.others"] = [schedule.spec for schedule in specs if schedule != turned]
    if "weighting" in address:
        try:
            st.session_state[f"{PAGE}.weighting"] = weightings.parse(address["weighting"][-1]).spec
        except UserError as mistake:
            mistakes.append(str(mistake))
    return mistakes


def _take(schedule: Schedule) -> None:
    """Make a schedule the current one; a mixture, whose parameters can't be turned, is drawn beside."""
    if schedule.name in schedules.names():
        _turn(schedule)
    else:
        _draw_beside(schedule.spec)


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
    name = st.selectbox("Schedule", names, key=f"{PAGE}.name", help="any that is registered; type to search")
    info = schedules.info(name)
    st.caption(plain(info.summary))
    values = {}
    for key, space in info.domain.items():
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
    key, store = f"{PAGE}.others", results.store()
    chosen = st.session_state.setdefault(key, [BASELINE])
    typed = st.multiselect(
        "Compare with",
        list(dict.fromkeys([*chosen, *tuned_specs.offered(store), *schedules.names()])),
        key=key,
        accept_new_options=True,
        max_selections=MOST - 1,
        help="choose schedules, or type any spec, such as cauchy:scale=2 or, where it is tuned, cauchy@tuned",
    )
    st.button(
        "Keep this one for comparison",
        icon=":material/keep:",
        width="stretch",
        disabled=current.spec in typed or len(typed) >= MOST - 1,
        on_click=_draw_beside,
        args=(current.spec,),
    )
    others = []
    for spec in typed:
        try:
            others.append(tuned_specs.read(spec, store))
        except UserError as mistake:
            _complain(str(mistake))
    return others


def _draw_beside(spec: str) -> None:
    specs = st.session_state[f"{PAGE}.others"]
    if spec not in specs and len(specs) < MOST - 1:
        st.session_state[f"{PAGE}.others"] = [*specs, spec]


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


def _densities(named: densities.Named, styles: densities.Styles) -> None:
    """p(λ) and λ(t)."""
    left, right = st.columns(2, gap="small")
    with left, st.container(border=True, key="lab-density"):  # on a phone it stays in view: `style/narrow.css`
        head("Density p(λ)", "where training draws its noise levels")
        _draw(partial(densities.density, named, styles), "density", "Density over log SNR")
    with right, st.container(border=True, key="lab-time"):
        head("Time form λ(t)", "the same as a curve over t, drawn uniformly")
        _draw(partial(densities.time_form, named, styles), "time", "log SNR over time")


def _weights(named: densities.Named, weighting: Weighting, styles: densities.Styles) -> None:
    """The training weight; one picture for all targets where the weighting does not ask for it."""
    split = "target" in weighting.info.context
    targets = list(TARGETS) if split else list(TARGETS[:1])
    ways = dict.fromkeys(named, weighting)
    with st.container(border=True):
        head("Effective training weight p(λ)·ω(λ) on the ε-error", f"{weighting.spec}: {weighting.info.summary}")
        links.offer(f"{PAGE}.target", targets, targets[0])
        target = targets[0]
        if split:
            target = str(st.segmented_control("Prediction target", targets, key=f"{PAGE}.target", required=True))
        picture = partial(densities.weight, named, ways, target, styles)
        _draw(picture, "weight", f"Training weight over log SNR, target {target}")


def _draw(make: Callable[[], frame.Figure], key: str, alt: str) -> None:
    """Draw a figure; where it can't be made, say so in its place."""
    shielded(lambda: frame.draw(make(), f"{PAGE}-figure.{key}", alt))


def _command(schedule: Schedule) -> None:
    """The spec to copy, the command that ranks it, and what that costs."""
    with st.container(border=True):
        st.markdown("**Spec**")
        st.code(schedule.spec, language=None, wrap_lines=True)
        names = results.track_names()
        links.offer(f"{PAGE}.track", names, names[0])
        track = str(st.segmented_control("Rank it on", names, key=f"{PAGE}.track", required=True))
        st.code(f"snrbench run {track} -s {shlex.quote(schedule.spec)}", language=None, wrap_lines=True)
        st.caption(_cost(track, len(board_targets(track))))


def _cost(track: str, targets: int) -> str:
    """What the runs of one schedule take, from what a run was measured to take."""
    seconds = results.card(track).get("seconds_a_run_on_one_cpu_core")
    runs = SEEDS * targets
    if not isinstance(seconds, int | float):
        return f"{runs} runs ({targets} targets × {SEEDS} seeds); nobody has measured yet what one takes."
    total = runs * seconds
    time = f"{total:.0f} s" if total < 100 else f"{total / 60:.0f} min"
    return (
        f"{runs} runs ({targets} targets × {SEEDS} seeds) of {seconds:g} s each: about {time} on one core."
        " With cosine in the store as well, it is ranked against it."
    )


def _about(schedule: Schedule) -> None:
    """Formula, origin and quantiles."""
    info = schedule.info
    with st.container(border=True):
        st.markdown(f"**Formula and source** · {code(schedule.name)} · {plain(family(schedule.spec))}")
        st.text(reflowed(info.doc))
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


def _conformance(schedule: Schedule) -> None:
    """Whether it keeps what every schedule must."""
    failures = similar_schedules.failures(schedule.spec)
    with st.container(border=True):
        head("Conformance", "it integrates to 1, cdf and ppf invert each other, the spec round-trips, …")
        if failures:
            st.error("\n".join(f"- {plain(failure)}" for failure in failures), icon=":material/error:")
        else:
            st.success(
                "Passes every property, at these parameters and at the corners of its space.", icon=":material/check:"
            )


def _export(schedule: Schedule) -> None:
    """Code and tables for other people's training loops."""
    with st.container(border=True):
        st.markdown("**Take it to another training loop**")
        links.offer(f"{PAGE}.export", FORMATS, FORMATS[0])
        form = str(st.segmented_control("Format", FORMATS, key=f"{PAGE}.export", required=True))
        if schedule.learns:
            st.info("It learns while training, so there is no fixed density to export.")
            return
        content = export(schedule, form)
        short = content if len(content) < 1600 else content[:1600] + "\n…"
        file = exports.get(form).file
        st.code(short, language=exports.get(form).language, height=220)
        st.download_button(
            file,
            content,
            file_name=file,
            icon=":material/download:",
            on_click="ignore",
            key=f"{PAGE}-save",
        )


def _complain(mistake: str) -> None:
    st.error(plain(mistake), icon=":material/error:")


shielded(page)

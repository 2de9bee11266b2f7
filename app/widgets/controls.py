"""The controls that several pages have in common: track, target, metric, guidance, budget, parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from app.data import guide_links, links, results, unknown_tracks
from app.data.families import family
from app.data.page_choice import FULL, PARAMETERS, View
from app.data.results import ResultSource
from app.style.plain_text import plain
from app.widgets import folded
from leaderboards.boards.rows import ALL_TARGETS
from leaderboards.data import released

PUBLISHED = "published"
KEYS = ("track", "target", "metric", "guidance", "budget", "parameters", "family", "search", "focus")


def adopt(page: str, address: links.Address | None, more: Sequence[str] = (), several: Sequence[str] = ()) -> None:
    """Set a page's widgets to what an address says; what it says wrongly falls back when they are drawn.

    more:    further parameters of the page with one value;  several: with any number
    """
    if address is None:
        return
    links.reset(page)
    st.session_state[f"{page}.with"] = address.get("with", [""])[-1] == PUBLISHED
    for key in {*KEYS, *more} & set(address):
        st.session_state[f"{page}.{key}"] = address[key][-1]
    for key in set(several) & set(address):
        st.session_state[f"{page}.{key}"] = address[key]


def sources(page: str, store: ResultSource) -> ResultSource:
    """The store, with the published results beside its own where these exist and somebody wants them."""
    if store.published or not released.released_tracks():
        return store
    about = "Rank the results that come with snrbench and those of this store on one board."
    return replace(store, joined=st.toggle("With the published results", key=f"{page}.with", help=about))


def of_sources(store: ResultSource) -> dict[str, str]:
    """Query parameters of what `sources` returned."""
    return {"with": PUBLISHED if store.joined else ""}


def left_out(store: ResultSource, track: str) -> None:
    """Say which results are not ranked, or not together, and that a board stands among no rankings."""
    if results.targets(store, track) and (unknown := unknown_tracks.sentence(store)):
        st.caption(unknown)
    stands = results.standing(track)
    if not stands.ranked:
        st.caption(plain(f"{track} stands among no rankings, as it is {stands.kind}: {stands.why}."))
    for note in results.joined(store, track)[1]:
        st.caption(plain(note))


def view(
    page: str,
    store: ResultSource,
    *,
    all_targets: bool = True,
    narrowing: bool = False,
    focusing: bool = False,
    why_not_all: Callable[[View], str] = lambda view: "",
) -> View:
    """Draw the controls and return what they say; each offers what the ones before it leave.

    narrowing:   also family, search and whether parameters are published or tuned
    focusing:    also the entry that is tested against every other
    why_not_all: of what is chosen beside the target, why nothing is over all targets; empty where something is
    """
    with folded.card(page) as choice:
        first, second = folded.row(page, 1), folded.row(page, 2)
        below = st.container()
    with first:
        track = _track(page, store)
        of_target = st.container(width="content")
        metric = _metric(page, store, track)
    with second:
        budget = _budget(page, store, track, metric) if narrowing else FULL
    with first:
        guidance = _guidance(page, store, track, metric, float(budget))
    current = View(track, ALL_TARGETS, metric, guidance, budget)
    with second:
        current = _narrowed(page, store, current) if narrowing else current
        current = current.of(focus=_focus(page, store, track)) if focusing else current
    targets, usual = results.targets(store, track), ""
    if why := why_not_all(current) if all_targets else "":
        below.caption(plain(f"{why[0].upper()}{why[1:]}."))
        usual = results.fullest_target(store, current)
    elif all_targets and len(targets) != 1:
        targets = [ALL_TARGETS, *targets]
    with of_target:
        current = current.of(target=_target(page, targets, usual))
    folded.say(choice, _said(current))
    return current


def _said(view: View) -> list[str]:
    """What a view is of, for a page that folds its filters."""
    usual = View(view.track)
    differs = {name for name in KEYS if getattr(view, name) != getattr(usual, name)}
    return [
        view.track,
        f"target {view.target}",
        view.metric,
        f"guidance {view.guidance}",
        *([f"{view.mark:.0%} of the budget"] if "budget" in differs else []),
        *([view.parameters] if "parameters" in differs else []),
        *([f"family {view.family}"] if "family" in differs else []),
        *([f"like “{view.search}”"] if "search" in differs else []),
        *([f"my entry {view.focus}"] if "focus" in differs else []),
    ]


def _track(page: str, store: ResultSource) -> str:
    names = results.track_names()
    # One by one: tables of tracks that nobody chose need not be read.
    with_runs = (name for name in sorted(names, key=_is_unranked) if results.targets(store, name))
    links.offer(f"{page}.track", names, next(with_runs, names[0]))
    about = guide_links.tooltip("\n\n".join(f"{name}: {results.track(name).summary}" for name in names), "tracks")
    return str(st.selectbox("Track", names, key=f"{page}.track", help=about, width=190))


def _is_unranked(track: str) -> bool:
    return not results.standing(track).ranked


def _target(page: str, targets: list[str], usual: str) -> str:
    links.offer(f"{page}.target", targets, usual or (targets[0] if targets else None))
    if not targets:
        return ALL_TARGETS
    about = guide_links.tooltip("What the network is trained to output; all: over the targets together.", "question")
    return str(st.segmented_control("Prediction target", targets, key=f"{page}.target", required=True, help=about))


def _metric(page: str, store: ResultSource, track: str) -> str:
    metrics = results.recorded(store, track)
    primary = results.track(track).primary_metric
    links.offer(f"{page}.metric", list(metrics), primary if primary in metrics else next(iter(metrics)))
    titles = {name: f"{name} · {metric.title}" for name, metric in metrics.items()}
    about = guide_links.tooltip("\n\n".join(f"{name}: {metric.summary}" for name, metric in metrics.items()), "metrics")
    chosen = st.selectbox(
        "Metric", list(metrics), key=f"{page}.metric", format_func=titles.__getitem__, help=about, width=210
    )
    return str(chosen)


def _budget(page: str, store: ResultSource, track: str, metric: str) -> str:
    shares = results.budgets(store, track, metric)
    links.offer(f"{page}.budget", shares, FULL)
    if len(shares) < 2:
        return FULL
    steps = results.track(track).budget_steps
    about = f"The share of the training budget, {steps} steps, after which the weights are scored."
    chosen = st.segmented_control(
        "Budget",
        shares,
        key=f"{page}.budget",
        format_func=lambda share: f"{float(share):.0%}",
        required=True,
        help=guide_links.tooltip(about, "reading"),
    )
    return str(chosen)


def _guidance(page: str, store: ResultSource, track: str, metric: str, mark: float) -> str:
    scales = ["best", *(f"{scale:g}" for scale in results.guidance_scales(store, track, metric, mark))]
    links.offer(f"{page}.guidance", scales, "best")
    if len(scales) < 3:
        return str(st.session_state[f"{page}.guidance"])
    about = "Scale of classifier-free guidance. best: for each entry the scale that wins on the validation split."
    about = guide_links.tooltip(about, "reading")
    return str(st.segmented_control("Guidance", scales, key=f"{page}.guidance", required=True, help=about))


def _focus(page: str, store: ResultSource, track: str) -> str:
    names = ["", *results.entries(store, track)]
    links.offer(f"{page}.focus", names, "")
    about = (
        "Test this entry against every other, and no other pair: fewer tests, so more is told apart. p, ranks and"
        " Compare follow. Choose it before you look: going through entries one after another is exploring."
    )
    chosen = st.selectbox(
        "My entry",
        names,
        key=f"{page}.focus",
        format_func=lambda name: name or "all pairs",
        help=guide_links.tooltip(about, "reading"),
        width=190,
    )
    return str(chosen or "")


def _narrowed(page: str, store: ResultSource, view: View) -> View:
    """What is hidden changes nothing of what is said of the rest."""
    parameters, tuned = "both", results.has_tuned(store, view.track)
    links.offer(f"{page}.parameters", list(PARAMETERS) if tuned else ["both"], "both")
    if tuned:
        about = "published: as in the source. tuned: found by tuning, with the same number of trials for each."
        about = guide_links.tooltip(about, "protocol")
        parameters = str(
            st.segmented_control("Parameters", list(PARAMETERS), key=f"{page}.parameters", required=True, help=about)
        )
    by_entry = results.entries(store, view.track)
    families = sorted({family(schedule) for schedule in by_entry.values()})
    links.offer(f"{page}.family", ["", *families], "")
    chosen = st.selectbox(
        "Family", ["", *families], key=f"{page}.family", format_func=lambda name: name or "all families", width=170
    )
    search = st.text_input(
        "Search", key=f"{page}.search", placeholder="part of a name", width=150, max_chars=80, icon=":material/search:"
    )
    return view.of(parameters=parameters, family=chosen or "", search=(search or "").strip())

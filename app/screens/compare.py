"""Compare: two to eight entries side by side, from where they spend their samples to what they draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from app.charts import densities, errors, frame, intervals, training
from app.data import comparisons, links, results
from app.data.chosen_entries import Chosen
from app.data.page_choice import View
from app.data.results import ResultSource
from app.style import theme
from app.style.plain_text import code
from app.widgets import controls, empty_state, ranked_table
from app.widgets.card_heading import head
from app.widgets.cards import more_seeds, sample_pictures
from app.widgets.error_boundary import shielded
from leaderboards.boards.rows import Board

PAGE = "compare"
LEAST, MOST = 2, 8
AT_FIRST = 4

Part = tuple[str, str, Callable[[Chosen], None]]


def page() -> None:
    """The whole page."""
    st.title("Compare", anchor=False)
    store = results.store()
    if not results.exists(store):
        empty_state.results(store, "There are no results yet.")
        return
    controls.adopt(PAGE, links.arrived(PAGE), more=("seed", "pictures"), several=("entry",))
    store = controls.sources(PAGE, store)
    view = controls.view(PAGE, store, all_targets=False, focusing=True)
    controls.left_out(store, view.track)
    if not results.targets(store, view.track):
        empty_state.results(store, f"No run of {view.track} has finished yet.")
        links.show(PAGE, {"track": view.track})
        return
    board = results.board(store, view)
    names = [row.entry for row in board.sections[-1].rows] if board.sections else []
    if not names:
        st.info("No run has a score for this choice.", icon=":material/filter_alt_off:")
        links.show(PAGE, {**view.address, **controls.of_sources(store)})
        return
    entries = _entries(board, names)
    seen: dict[str, str | list[str]] = {"entry": entries}
    if len(entries) < LEAST:
        alone = "There is one entry here, and nothing to compare it with yet."
        st.info("Choose at least two entries." if len(names) > 1 else alone, icon=":material/compare_arrows:")
    else:
        chosen = _chosen(store, view, board, [name for name in names if name in entries])
        _table(chosen)
        _figures(chosen)
        with st.container(border=True):
            shielded(lambda: seen.update(sample_pictures.show(chosen, PAGE)))
        with st.container(border=True):
            st.markdown("**How many more seeds?**")
            shielded(partial(more_seeds.show, chosen))
    links.show(PAGE, {**view.address, **controls.of_sources(store), **seen})


def _entries(board: Board, names: list[str]) -> list[str]:
    """Which entries; the best and the baseline at first."""
    default = names[:AT_FIRST]
    if board.baseline in names and board.baseline not in default:
        default = [*default[:-1], board.baseline]
    links.offer_several(f"{PAGE}.entry", names, default, MOST)
    return st.multiselect(
        f"Entries ({LEAST} to {MOST})",
        names,
        key=f"{PAGE}.entry",
        max_selections=MOST,
        placeholder="type part of a name",
    )


def _chosen(store: ResultSource, view: View, board: Board, names: list[str]) -> Chosen:
    styles = theme.styles(names, board.baseline)
    return Chosen(store, view, board, {name: styles[name] for name in names})


def _table(chosen: Chosen) -> None:
    """Their rows of the board; ranks are those among all entries."""
    ranked_table.excerpt(chosen.board, chosen.section, list(chosen.styles), f"{PAGE}.table")


def _figures(chosen: Chosen) -> None:
    pairs = chosen.densities()
    unknown = [name for name in chosen.styles if name not in pairs]
    if unknown:
        st.caption(f"Not known to this installation, so without curves of its density: {', '.join(map(code, unknown))}")
    if pairs:
        specs = list(dict.fromkeys(schedule.spec for schedule, _ in pairs.values()))
        st.page_link(
            "screens/lab.py",
            label="Turn their parameters in the lab",
            icon=":material/show_chart:",
            query_params={"spec": specs},
        )
        _row(chosen, [
            ("Density p(λ)", "Where training draws its noise levels.", partial(_density, pairs=pairs)),
            ("Time form λ(t)", "The same as a curve over t, drawn uniformly.", partial(_time, pairs=pairs)),
            ("Effective weight", "p(λ)·ω(λ) on the ε-error: what the loss adds up to.", partial(_weight, pairs=pairs)),
        ])  # fmt: skip
    _row(chosen, [
        ("ε-error against λ", "Held out, over the baseline's: below 1 is better. Bands: 95 %, from 3 seeds.", _errors),
        ("Score along the budget", "Unguided. Star: where the baseline's final score is reached.", _budget),
    ])  # fmt: skip
    others: list[Part] = [
        ("Score against guidance", "Guidance can turn an order round; bars are 95 % intervals.", _guidance),
        ("Seed by seed", "A grey line joins one seed's scores: its luck is shared, and cancels in pairs.", _seeds),
        ("Training loss", "Each schedule draws other λ: losses show stability, they rank nothing.", _losses),
    ]
    if not any(schedule.learns for schedule, _ in pairs.values()):
        _row(chosen, others)
        return
    about = "p(λ) at the end of training, of the schedules that learn; a line for each seed."
    _row(chosen, others[:2])
    _row(chosen, [others[2], ("What was learned", about, _learned)])


def _row(chosen: Chosen, parts: list[Part]) -> None:
    for place, (title, caption, body) in zip(st.columns(len(parts), gap="small"), parts, strict=True):
        with place, st.container(border=True, height="stretch"):
            head(title, caption)
            shielded(partial(body, chosen))


def _density(chosen: Chosen, pairs: densities.Pairs) -> None:
    _draw(densities.density({name: pair[0] for name, pair in pairs.items()}, chosen.styles), "density", "Density")


def _time(chosen: Chosen, pairs: densities.Pairs) -> None:
    _draw(densities.time_form({name: pair[0] for name, pair in pairs.items()}, chosen.styles), "time", "Time form")


def _weight(chosen: Chosen, pairs: densities.Pairs) -> None:
    named = {name: pair[0] for name, pair in pairs.items()}
    ways = {name: pair[1] for name, pair in pairs.items()}
    target = chosen.view.target
    _draw(densities.weight(named, ways, target, chosen.styles), "weight", f"Effective weight, target {target}")


def _errors(chosen: Chosen) -> None:
    view, baseline = chosen.view, chosen.board.baseline
    bands = comparisons.error_bands(chosen.store, view.track, view.target, tuple(chosen.styles), baseline)
    if bands is None or len(bands.labels) < 2:
        st.info("This needs the error curves of the baseline and of another entry, over the same seeds.")
        return
    _draw(errors.relative(bands, chosen.styles), "errors", "ε-error over the baseline's, against log SNR")


def _budget(chosen: Chosen) -> None:
    board, view = chosen.board, chosen.view
    marks = results.marks(chosen.store, view.track, (view.target,), board.metric.name)
    marks = marks[marks["label"].isin(list(chosen.styles))]
    if marks["mark"].nunique() < 2:
        st.info("This metric was measured at the end of the budget only.")
        return
    figure = training.budget(marks, board.metric, chosen.section, chosen.styles)
    _draw(figure, "budget", f"{board.metric.title} against the share of the budget")


def _guidance(chosen: Chosen) -> None:
    view = chosen.view
    scales = results.guidance_scales(chosen.store, view.track, view.metric)
    if len(scales) < 2:
        st.info("This metric does not depend on guidance here.")
        return
    boards = {scale: results.board(chosen.store, view.of(guidance=f"{scale:g}")) for scale in scales}
    _draw(training.guidance(boards, view.target, chosen.styles), "guidance", "Score against the guidance scale")


def _seeds(chosen: Chosen) -> None:
    rows = chosen.rows
    _draw(intervals.seeds(chosen.board, rows, chosen.styles), "seeds", "Scores of every seed")


def _losses(chosen: Chosen) -> None:
    owners = chosen.by_run()
    losses = results.losses(chosen.store, chosen.view.track, tuple(owners))
    curves = _grouped(owners, losses)
    if not curves:
        st.info("No run of these entries kept its training loss.")
        return
    _draw(training.losses(curves, chosen.styles), "losses", "Training loss")


def _learned(chosen: Chosen) -> None:
    pairs = chosen.densities()
    owners = {run: who for run, who in chosen.by_run().items() if who[0] not in pairs or pairs[who[0]][0].learns}
    curves = _grouped(owners, results.learned_densities(chosen.store, tuple(owners))) if owners else {}
    if not curves:
        published = chosen.store.published
        why = "the published results hold none" if published else "no run of these entries kept one"
        st.info(f"No learned density: {why}.")
        return
    figure = densities.learned(curves, chosen.styles)
    frame.draw(figure, f"{PAGE}-figure.learned", "Learned densities over log SNR", least=1)


def _grouped(owners: dict[str, tuple[str, int]], by_run: dict[str, training.Curve]) -> training.Curves:
    """entry → seed → curve."""
    curves: dict[str, dict[int, training.Curve]] = {}
    for run_id, curve in by_run.items():
        name, seed = owners[run_id]
        curves.setdefault(name, {})[seed] = curve
    return curves


def _draw(figure: frame.Figure, name: str, alt: str) -> None:
    frame.draw(figure, f"{PAGE}-figure.{name}", alt)


shielded(page)

"""`snrbench bundle` and `snrbench verify`: results as one file for others, and such a file put to the test."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import track_names
from harness.cli.options import (
    STORE,
    Force,
    Json,
    Plugins,
    Store,
    TrackPlugins,
    load,
    load_tracks,
    print_json,
)
from harness.cli.output_file import refuse_to_replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from leaderboards.releases.bundles.contents import Bundle
    from leaderboards.releases.bundles.rerun import Compared

DISAGREED = 1


def add_to(cli: typer.Typer) -> None:
    """Register the commands."""
    cli.command()(bundle)
    cli.command()(verify)


def bundle(
    track: Annotated[
        str, typer.Argument(help="Track, as `snrbench tracks list` names it.", autocompletion=track_names)
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The bundle to write.")],
    force: Force = False,
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
) -> None:
    """Put a track's results into one file that others can verify and rank beside theirs."""
    load(plugin)
    load_tracks(track_plugin, store, track)
    refuse_to_replace(out, force)
    from harness import tracks

    tracks.get(track)
    from leaderboards.boards.query import check_store
    from leaderboards.releases.bundles.contents import make

    check_store(store, track)
    manifest = make(store, track, out)
    if json:
        print_json({"file": str(out), "bytes": out.stat().st_size, **manifest.model_dump(mode="json")})
        return
    print(f"{out}: {manifest.runs} runs of {track}, protocol {manifest.protocol}, {out.stat().st_size / 1e6:.2f} MB")


def verify(
    file: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle that `snrbench bundle` wrote.")],
    runs: Annotated[int, typer.Option("--runs", metavar="K", min=1, help="Runs to repeat.")] = 3,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Which runs: seed of the draw.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    json: Json = False,
    store: Store = STORE,
    plugin: Plugins = None,
    track_plugin: TrackPlugins = None,
) -> None:
    """Run a random sample of a bundle's runs again and compare. Exit code 0: agreed, 1: disagreed, 2: malformed."""
    load(plugin)
    from leaderboards.releases.bundles import contents

    archive = contents.open_bundle(file)
    load_tracks(track_plugin, store, archive.manifest.track)
    contents.comparable(archive)
    import torch

    from harness.device import resolve
    from leaderboards.releases.bundles import rerun

    place = torch.device(resolve(device))
    beyond = rerun.unverifiable(archive)
    for entry, why in sorted(beyond.items()):
        print(f"self-reported, cannot be verified: {entry}: {why}", file=sys.stderr)
    chosen = rerun.sample(archive, beyond, runs, seed)
    if not chosen:
        print("none of its runs can be repeated here: every entry stays self-reported", file=sys.stderr)
    say = partial(print, file=sys.stderr if json else sys.stdout)
    if chosen:
        say(f"repeating {len(chosen)} of {len(archive.runs)} runs on {place}")
    compared = []
    for run in chosen:
        compared.append(rerun.compare(archive, run, place))
        _say(compared[-1], say)
    agreed = bool(compared) and all(comparison.agreed for comparison in compared)
    receipt_file = _keep(store, archive, compared, sorted(beyond), agreed) if compared else None
    if json:
        print_json(_as_json(archive, compared, beyond, agreed, receipt_file))
    elif receipt_file is not None:
        print(f"receipt: {receipt_file}")
        print("agreed" if agreed else "disagreed")
    raise typer.Exit(0 if agreed else DISAGREED)


def _as_json(
    archive: Bundle, compared: list[Compared], beyond: dict[str, str], agreed: bool, receipt_file: Path | None
) -> object:
    from leaderboards.releases.bundles.rerun import tolerance

    return {
        "bundle": str(archive.file),
        "digest": archive.digest,
        "track": archive.manifest.track,
        "runs": len(archive.runs),
        "agreed": agreed,
        "code": 0 if agreed else DISAGREED,
        "unverifiable": beyond,
        "receipt": None if receipt_file is None else str(receipt_file),
        "repeated": [
            {
                "key": comparison.run.run_key,
                **{name: getattr(comparison.run, name) for name in ("entry", "target", "seed")},
                "agreed": comparison.agreed,
                "scores": comparison.scores,
                "largest_relative_difference": comparison.largest,
                "tolerance": tolerance(comparison),
                "differences": list(comparison.differences),
            }
            for comparison in compared
        ],
    }


def _say(comparison: Compared, say: Callable[[str], None]) -> None:
    from leaderboards.releases.bundles.rerun import tolerance

    what = f"{comparison.run.entry} × {comparison.run.target} × seed {comparison.run.seed}"
    verdict = "agrees" if comparison.agreed else "disagrees"
    say(
        f"{what}: {verdict}; {comparison.scores} scores, largest relative difference {comparison.largest:.2g};"
        f" {tolerance(comparison)}"
    )
    for line in comparison.differences:
        say(f"  {line}")


def _keep(store: Path, archive: Bundle, compared: list[Compared], beyond: list[str], agreed: bool) -> Path:
    from leaderboards.releases.bundles import receipt, rerun

    return receipt.save(
        store,
        receipt.Receipt(
            bundle=archive.digest,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            agreed=agreed,
            rerun=tuple(comparison.run.run_key for comparison in compared),
            unverifiable=tuple(beyond),
            tolerance="; ".join(sorted({rerun.tolerance(comparison) for comparison in compared})),
        ),
    )

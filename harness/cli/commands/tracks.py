"""`snrbench tracks`: what the tasks are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import needed_packages
from harness.cli.commands.track_facts import facts, noise_of
from harness.cli.completion import track_names
from harness.cli.options import (
    STORE,
    Json,
    MetricPlugins,
    Store,
    TrackPlugins,
    load_metrics,
    load_tracks,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from harness.data.dataset import Dataset
    from harness.tracks.track import Track

tracks = typer.Typer(help="List, show and prepare tracks.", no_args_is_help=True)


def add_to(cli: typer.Typer) -> None:
    """Register the command group."""
    cli.add_typer(tracks, name="tracks")


@tracks.command("list")
def list_tracks(
    context: typer.Context,
    json: Json = False,
    store: Store = STORE,
    track_plugin: TrackPlugins = None,
    metric_plugin: MetricPlugins = None,
) -> None:
    """Every track, a line each, with what it needs; with --store also those that `recommend` made in it."""
    from harness import tracks as registry
    from harness.tracks.plugins import names_of
    from schedules.errors import UserError, text_of

    load_metrics(metric_plugin)
    load_tracks(track_plugin)
    own, source = names_of(store), context.get_parameter_source("store")
    if source is not None and source.name == "DEFAULT":  # nothing is imported from the working directory unasked
        if own:
            print(f"{store} has {', '.join(own)}, too; --store {store} lists them", file=sys.stderr)
        own = []
    for name in own:
        try:
            load_tracks(None, store, name)
        except UserError as problem:  # an edited one; the others are there
            print(f"left out: {text_of(problem)}", file=sys.stderr)
    rows = [registry.get(name) for name in registry.names()]
    if json:
        fields = {"name", "summary", "primary_metric", "needs", "extra"}
        print_json(
            [
                {
                    **track.model_dump(mode="json", include=fields),
                    **registry.standing(track.name).as_json,
                    "facts": facts(track.name),
                    "seconds_a_run_on_one_cpu_core": registry.card(track.name).get("seconds_a_run_on_one_cpu_core"),
                }
                for track in rows
            ]
        )
        return
    from harness.cli.commands.track_card import listing

    print_table(listing(rows))
    sentences = [f"{fact}: {track.name} {sentence}" for track in rows for fact, sentence in facts(track.name).items()]
    if sentences:
        print("", *sentences, sep="\n")


@tracks.command("show")
def show(
    track: Annotated[str, typer.Argument(help="Name of a track.", autocompletion=track_names)],
    json: Json = False,
    store: Store = STORE,
    track_plugin: TrackPlugins = None,
    metric_plugin: MetricPlugins = None,
) -> None:
    """The card of a track: every number that defines it, and what was measured of it."""
    from harness import tracks as registry
    from harness.tracks.enough import known_cautions
    from harness.tuning.budget import Budget

    load_metrics(metric_plugin)
    load_tracks(track_plugin, store, track)
    definition = registry.get(track)
    if json:
        card = {
            **definition.model_dump(mode="json"),
            "protocol": definition.protocol,
            "fingerprint": definition.fingerprint,
        }
        card["tuning"]["training_steps_at_most"] = Budget.of(definition).most_steps
        card |= {"measured": registry.card(track), **registry.standing(track).as_json}
        card["cautions"] = list(known_cautions(track))
        card["facts"], card["noise"] = facts(track), noise_of(track).as_json
        print_json(card)
        return
    from harness.cli.commands.track_card import tables

    noise = noise_of(track).rows
    for number, table in enumerate(
        tables(definition, registry.card(track), known_cautions(track), facts(track), noise)
    ):
        if number:
            print()
        print_table(table)


@tracks.command("prepare")
def prepare(
    track: Annotated[str, typer.Argument(help="Name of a track.", autocompletion=track_names)],
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="DIR", help="Images to make it of: train/CLASS/… and val/CLASS/…."),
    ] = None,
    vae: Annotated[
        str | None,
        typer.Option("--vae", metavar="NAME|DIR", help="The VAE of latents. Default: the track's, from the hub."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda (every GPU), cuda:N or mps.")] = "auto",
    workers: Annotated[int | None, typer.Option(help="Processes that encode. Default: one a device.")] = None,
    batch: Annotated[int | None, typer.Option(help="Images encoded at once. Default: by their size.")] = None,
    json: Json = False,
    store: Store = STORE,
    track_plugin: TrackPlugins = None,
    metric_plugin: MetricPlugins = None,
) -> None:
    """Make or load the track's data once, and get the weights that it is scored with.

    A track that is made of a folder of images encodes it; a command that was ended goes on where it was, and several
    may work at once. What is made already has its checksums looked through.
    """
    from harness import tracks as registry
    from schedules.errors import UserError

    needed_packages.check_training()
    load_metrics(metric_plugin)
    load_tracks(track_plugin, store, track)
    definition = registry.get(track)
    for name, value in (("--workers", workers), ("--batch", batch)):
        if value is not None and value < 1:
            raise UserError(f"{name} is {value}; expected at least 1")
    definition.check_options()
    if definition.data.prepare:
        _make(definition, images, vae, device, workers, batch)
    elif images is not None or vae is not None:
        raise UserError(f"{track} is not made of a folder of images; leave --images and --vae out")
    data = definition.data()
    sizes = {split: len(getattr(data, split)) for split in ("train", "val", "test")}
    if not json:
        split_sizes = ", ".join(f"{size} {split}" for split, size in sizes.items())
        print(
            f"{track} is ready: {split_sizes}; shape {tuple(data.shape)}, σ_data {data.std:.6g}, mean {data.mean:.6g}"
        )
    definition.check()
    right, cautions = _judged(definition, data)
    if json:
        facts = {"shape": list(data.shape), "sigma_data": float(data.std), "mean": float(data.mean)}
        space = {"feature_space": definition.feature_space, "accuracy": right, "cautions": cautions}
        print_json({"track": track, **sizes, **facts, **space})
        return
    if right is not None:
        print(f"feature space {definition.feature_space}: accuracy {right:.4f} on the test split")
    for caution in cautions:
        print(f"note: {caution}")


def _make(
    track: Track, images: Path | None, vae: str | None, device: str, workers: int | None, batch: int | None
) -> None:
    from harness.data.preparation import How
    from harness.device import resolve
    from harness.execution.capacity.devices import devices_of
    from harness.tracks.track import imported

    devices = devices_of(resolve(device))
    dealt = tuple(devices[number % len(devices)] for number in range(workers or len(devices)))
    how = How(dealt, batch, lambda line: print(line, file=sys.stderr, flush=True))
    imported(track.data.prepare)(track.data.options, images, vae, how)


def _judged(track: Track, data: Dataset) -> tuple[float | None, list[str]]:
    """Make the feature space; how well its classifier does on the test split, None where it is none, and what is too
    few for the space."""
    import torch

    from harness.metrics.classifier_training.images import accuracy
    from harness.metrics.classifiers import Features
    from harness.metrics.own_classifier import told_apart
    from harness.tracks import card
    from harness.tracks.enough import cautions

    features = track.features(torch.device("cpu"))
    right = None
    if isinstance(features, Features):
        right = accuracy(features.classifier, told_apart(data.test, data.classes))
    sizes = {name: len(getattr(data, name)) for name in ("train", "val", "test")}
    with torch.inference_mode():
        dimensions = features(data.test.x[:1].float()).shape[1]
    return right, list(cautions(track, sizes, dimensions, floors=bool(card(track.name).get("floors"))))

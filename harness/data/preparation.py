"""Makes the data of a track out of a folder of images: `snrbench tracks prepare TRACK --images DIR`.

One process for each device takes shard after shard; a command that was ended, or that another one works beside, goes on
with what is missing. When every shard is there, one process scales and joins them and writes the index.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from harness.data import prepared, shards
from harness.data.encoders import VAE_FOLDER, Encoder, Latents, Pixels, make_vae_folder, weights_of
from harness.data.image_file import CROP
from harness.data.prepared import INDEX, SPLITS, Declared, Index
from harness.data.shards import Work, file_of, write_whole
from harness.data.train_val_folder import listed
from schedules.errors import UserError, named

PLAN = "plan.json"
IMAGES_A_SHARD = 2048
WAIT_SECONDS = 0.5
GIB = 2**30
SPARE = 1.05
PIXELS_AT_ONCE = 2**21
PIXELS, LATENTS = "pixels, 0…255", "one draw from the VAE's posterior, times its scaling factor"


@dataclass(frozen=True)
class How:
    """How encoding is done; it decides nothing of the data but their rounding.

    devices: a process for each
    batch:   images encoded at once, each with its mirror image; as many as `PIXELS_AT_ONCE` allow where it is None
    say:     told a line now and then
    """

    devices: tuple[str, ...] = ("cpu",)
    batch: int | None = None
    say: Callable[[str], None] = lambda line: None


def prepare(
    options: dict[str, Any],
    images: Path | None,
    vae: str | None = None,
    how: How = How(),
    images_a_shard: int = IMAGES_A_SHARD,
) -> Index:
    """Make the data that a track declares by `options`, or look through those that are there.

    images: folder with train/CLASS/… and val/CLASS/…; needed unless all is there already
    vae:    name or folder, where the one that the track names is not to be taken from the hub

    UserError: folder, class or image that is missing, empty or damaged; another VAE or other images than before; a full
    disk.
    """
    declared = Declared.of(options)
    if (declared.folder / INDEX).is_file():
        return _looked_through(declared, images, vae)
    if images is None:
        raise UserError(f"{declared.name} is made of a folder of images: --images DIR")
    if not images.is_dir():
        raise UserError(f"--images {str(images)!r}: no such folder")
    folder = listed(images, declared.val_per_class)
    if len(folder.classes) != declared.classes:
        raise UserError(
            f"--images {str(images)!r}: {len(folder.classes)} classes in train; {declared.name} has {declared.classes}"
        )
    work = Work(declared, folder, declared.folder, images_a_shard)
    shape = _planned(work, vae)
    if not work.encoded:
        _encode(work, how)
    with FileLock(work.out / "join.lock"):
        if not (work.out / INDEX).is_file():  # or a command beside this one has done it
            how.say(f"{declared.name}: all images are encoded; joining the shards")
            _finish(work, shape)
    return prepared.check(**options)


def _planned(work: Work, vae: str | None) -> tuple[int, ...]:
    """Write down what is being made, or see that it is the same as before; the shape of a row."""
    out, declared = work.out, work.declared
    try:
        (out / "shards").mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise UserError(
            f"{str(out)!r} cannot be made: {problem.strerror}; {prepared.VARIABLE} names another"
        ) from problem
    with FileLock(out / "plan.lock"):
        before = json.loads((out / PLAN).read_text()) if (out / PLAN).is_file() else None
        if before is None:
            sha = _fresh_vae(declared, vae, out)
        else:
            sha = before["vae_sha256"]
            _same_vae(declared, vae, sha, out / PLAN)
        shape = _encoder(work, torch.device("cpu")).shape
        plan = {
            "declared": declared.model_dump(),
            "vae_sha256": sha,
            "images_digest": work.folder.digest,
            "images_a_shard": work.images_a_shard,
        }
        if before is None:
            _check_room(work, shape)
            write_whole(out / PLAN, json.dumps(plan, indent=1).encode())
        else:
            _same(before, plan, out)
    return shape


def _fresh_vae(declared: Declared, vae: str | None, out: Path) -> str:
    if not declared.vae:
        if vae:
            raise UserError(f"--vae {vae!r}: {declared.name} has pixels, and no VAE")
        return ""
    partial = out / f".{VAE_FOLDER}"
    shutil.rmtree(partial, ignore_errors=True)
    make_vae_folder(vae or declared.vae, partial)
    shutil.rmtree(out / VAE_FOLDER, ignore_errors=True)
    os.replace(partial, out / VAE_FOLDER)
    return weights_of(out / VAE_FOLDER)


def _same_vae(declared: Declared, vae: str | None, sha256: str, said_by: Path) -> None:
    """UserError for a VAE, by name or folder, that is not the one whose weights have this hash."""
    if vae is None:
        return
    if Path(vae).is_dir():
        digest = weights_of(Path(vae))
        if digest == sha256:
            return
        raise UserError(f"--vae {vae!r} has weights {digest[:12]}…; {str(said_by)!r} says {sha256[:12] or 'no VAE'}…")
    if vae != declared.vae:
        raise UserError(f"--vae {vae!r}; {str(said_by)!r} says {declared.vae!r}")


def _same(before: dict[str, Any], current: dict[str, Any], out: Path) -> None:
    for name, value in current.items():
        if before.get(name) != value:
            difference = {"images_digest": "of other images", "images_a_shard": "in other shards"}.get(
                name, "otherwise"
            )
            raise UserError(
                f"{str(out)!r} was begun {difference}; give the same images, or delete the folder to start anew"
            )


def _check_room(work: Work, shape: tuple[int, ...]) -> None:
    rows = {split: work.orientations(split) * len(images) for split, images in work.folder.splits.items()}
    held_out = len(work.folder.splits["val"]) + len(work.folder.splits["test"])
    needed = 2 * int(np.prod(shape)) * sum(rows.values()) + 3 * work.declared.side**2 * held_out
    free = shutil.disk_usage(work.out).free
    if SPARE * needed > free:
        raise UserError(
            f"{work.declared.name} takes {SPARE * needed / GIB:.3g} GiB; the disk of {str(work.out)!r} has "
            f"{free / GIB:.3g} GiB free ({prepared.VARIABLE} names another folder)"
        )


def _encoder(work: Work, device: torch.device) -> Encoder:
    if work.declared.vae:
        return Latents(work.out / VAE_FOLDER, work.declared.side, device)
    return Pixels(work.declared.side)


def _at_once(work: Work, how: How) -> int:
    return how.batch or max(1, PIXELS_AT_ONCE // work.declared.side**2)


def _encode(work: Work, how: How) -> None:
    """Every shard, with a process for each device; a single one needs no other process."""
    tell = _Teller(work, how.say)
    while not work.encoded:
        if len(how.devices) > 1:
            _in_processes(work, how, tell)
        else:
            _work(work, how.devices[0], _at_once(work, how), tell)
        if not work.encoded:
            time.sleep(WAIT_SECONDS)  # the rest is in another command's hands, which may end before it is done


def _work(work: Work, device: str, batch: int, on_shard: Callable[[int], None], processes: int = 1) -> None:
    parent = os.getppid() if processes > 1 else 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # The order of a sum follows the number of threads: it is of the machine, not of what ran in this process before.
    ambient, threads = torch.get_num_threads(), max(1, cores // processes)
    torch.set_num_threads(threads)
    encoder = _encoder(work, torch.device(device))
    try:
        shards.encode_all(work, encoder, batch, threads, on_shard, lambda: processes > 1 and os.getppid() != parent)
    except torch.OutOfMemoryError as problem:
        raise UserError(
            f"{device} has no memory for {batch} images at once; a smaller --batch, and the same command goes on"
        ) from problem
    finally:
        torch.set_num_threads(ambient)


def _in_processes(work: Work, how: How, tell: Callable[[int], None]) -> None:
    context = multiprocessing.get_context("spawn")
    messages: SimpleQueue[int | str | None] = context.SimpleQueue()
    processes = [
        context.Process(
            target=_child, args=(work, device, _at_once(work, how), len(how.devices), messages), daemon=True
        )
        for device in how.devices
    ]
    for process in processes:
        process.start()
    try:
        ended = 0
        while ended < len(processes):
            if messages.empty():
                _check_alive(processes)
                time.sleep(WAIT_SECONDS / 5)
                continue
            message = messages.get()
            if isinstance(message, str):
                raise UserError(message)
            if message is None:
                ended += 1
            else:
                tell(message)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _check_alive(processes: list[Any]) -> None:
    dead = [process for process in processes if process.exitcode not in (None, 0)]
    if dead:
        raise UserError(
            f"a process that encodes died (exit code {dead[0].exitcode}; out of memory is one cause); "
            "give the same command again, which goes on"
        )


def _child(work: Work, device: str, batch: int, processes: int, messages: SimpleQueue[Any]) -> None:
    try:
        _work(work, device, batch, messages.put, processes)
        messages.put(None)
    except UserError as refused:
        messages.put(str(refused))
    except Exception as problem:  # whatever a driver or a library raises; the command that waits says it
        messages.put(f"encoding on {device} failed: {named(problem)}")


class _Teller:
    """Counts images, and says now and then how many are done."""

    def __init__(self, work: Work, say: Callable[[str], None]) -> None:
        everything = work.shards()
        self.say, self.name = say, work.declared.name
        self.total = sum(shard.images for shard in everything)
        self.done = self.before = sum(shard.images for shard in everything if work.path(shard).exists())
        self.started = time.monotonic()
        if self.before:
            say(f"{self.name}: {self.before} of {self.total} images were encoded before")

    def __call__(self, images: int) -> None:
        self.done += images
        rate = (self.done - self.before) / max(time.monotonic() - self.started, 1e-9)
        self.say(f"{self.name}: {self.done} of {self.total} images, {rate:.0f} a second")


def _finish(work: Work, shape: tuple[int, ...]) -> None:
    moments = shards.moments(work)
    files: dict[str, tuple[str, ...]] = {}
    for split in SPLITS:
        copies, images = work.orientations(split), work.folder.splits[split]
        for field, values in (("labels", images.labels), ("group", images.group)):
            _save(work.out / f"{split}_{field}.npy", values.repeat(copies).astype(np.int64))
        files[file_of(split, "x")] = shards.join(work, split, "x", shape, moments)
        if split != "train":
            pixels = (3, work.declared.side, work.declared.side)
            files[file_of(split, "pixels")] = shards.join(work, split, "pixels", pixels, None)
    plan = json.loads((work.out / PLAN).read_text())
    rows = {split: work.orientations(split) * len(images) for split, images in work.folder.splits.items()}
    index = Index(
        declared=work.declared,
        vae_sha256=plan["vae_sha256"],
        scaling=_encoder(work, torch.device("cpu")).scaling,
        preprocessing=f"{CROP}, RGB",
        stored=LATENTS if work.declared.vae else PIXELS,
        classes=work.folder.classes,
        images_digest=work.folder.digest,
        shape=shape,
        mean=moments.mean,
        std=moments.std,
        noise_share=moments.noise_share,
        rows=rows,
        shard_rows={split: work.orientations(split) * work.images_a_shard for split in SPLITS},
        shards=files,
    )
    write_whole(work.out / INDEX, index.model_dump_json(indent=1).encode())
    shutil.rmtree(work.out / "shards")
    (work.out / shards.MOMENTS).unlink()


def _save(path: Path, values: np.ndarray) -> None:
    import io

    content = io.BytesIO()
    np.save(content, values)
    write_whole(path, content.getvalue())


def _looked_through(declared: Declared, images: Path | None, vae: str | None) -> Index:
    """What is there already, every checksum computed again."""
    index = prepared.check(**declared.model_dump())
    _same_vae(declared, vae, index.vae_sha256, declared.folder / INDEX)
    if images is not None and listed(images, declared.val_per_class).digest != index.images_digest:
        raise UserError(f"--images {str(images)!r}: other images than {str(declared.folder / INDEX)!r} was made of")
    for name, sums in index.shards.items():
        split = name.partition(".")[0].partition("_")[0]
        number = shards.damaged(declared.folder / name, sums, index.shard_rows[split])
        if number is not None:
            raise UserError(
                f"shard {number} of {str(declared.folder / name)!r} is damaged: its checksum is another than the "
                "index says; delete the folder and prepare again"
            )
    if index.vae_sha256 and (digest := weights_of(declared.folder / VAE_FOLDER)) != index.vae_sha256:
        raise UserError(f"VAE in {str(declared.folder)!r} has weights {digest[:12]}…, the index says others")
    return index

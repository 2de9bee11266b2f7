"""Whether a run fits into memory, before any is started."""

from __future__ import annotations

from dataclasses import dataclass

from harness import tracks
from harness.execution.capacity.devices import room_on
from harness.execution.capacity.footprint import Footprint, gib
from harness.execution.job import Settings
from harness.results.store import Store
from schedules.errors import UserError

PROCESS_MIB = 850.0
"""What Python and the libraries take in a worker on a CPU: 519 MiB before its first run, and in one of digits-v1 the
measured peak of 894 MiB less the 45 of its card."""
CONTEXT_MIB = 600.0
"""What a process holds on a GPU before it allocates anything: the CUDA context and the kernels of torch."""
SHARE_FOR_DATA = 0.5
"""Training data that take more of a device than this stay where they are."""


@dataclass(frozen=True)
class Need:
    """MiB that a run holds at its peak, and how that is known. measured: by runs on this hardware"""

    mib: float
    source: str
    measured: bool = False


def need(store: Store, track: str, settings: Settings, room: float | None) -> Need | None:
    """The largest peak of past runs on this hardware, else what the card says; None where neither is known.

    room: MiB that the device has; data that do not fit into half of it stay elsewhere
    """
    from harness.execution.estimate import peak_mib

    measured = peak_mib(store, track, settings.device)
    if measured:
        return Need(measured, f"as past runs of {track} here took", measured=True)
    card = Footprint.read(tracks.card(track).get("memory_mib"))
    if card is None:
        return None
    data = card.data if room is None or card.data <= SHARE_FOR_DATA * room else 0.0
    process = PROCESS_MIB if settings.device == "cpu" else 0.0
    return Need(process + card.peak - card.data + data, str(card))


def check(store: Store, track: str, settings: Settings) -> None:
    """UserError where one run alone does not fit a device of this machine."""
    room = room_on(settings.device)
    needed = None if room is None else need(store, track, settings, room)
    if room is None or needed is None:
        return
    whole = needed.mib + (CONTEXT_MIB if settings.device.startswith("cuda") else 0.0)
    if whole > room:
        where = "of this machine" if settings.device in ("cpu", "mps") else f"of {settings.device}"
        raise UserError(
            f"a run of {track} needs about {gib(whole)} of memory ({needed.source}), and {gib(room)} {where} are free; "
            "end what else holds memory, or choose a larger --device"
        )

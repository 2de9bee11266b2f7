"""What is said of a trainer: its flags, the density that they draw, and the ways of asking it for a density.

A trainer's file states one thing of it, `draw`: flags → spec. Everything else follows from that, the other direction
too: `search` tries a trainer's ways and reads each of them back through `draw`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from schedules.trainers.common.text import command_line

Value = float | str | bool
Settings = Mapping[str, Value]

TOKENS = 4096
"""Image tokens where none are given: 1024 × 1024 at 16 pixels a token."""


@dataclass(frozen=True)
class Flag:
    """A flag of the trainer, by the name that it has there.

    default:   its value where it is left out; the type of it is the type of the flag. None: a number, text or switch
               that the trainer's own code decides on
    choices:   the words it takes
    low, high: the numbers it takes
    written:   whether it is a flag at all; else something that the draw depends on (σ_d, tokens, a scheduler's shift)
    """

    default: Value | None
    choices: tuple[str, ...] = ()
    low: float = float("-inf")
    high: float = float("inf")
    written: bool = True


@dataclass(frozen=True)
class Draw:
    """What flags draw.

    spec:      the density, in the grammar of schedules
    weighting: the loss weight beside it, in the grammar of weightings
    notes:     what a reader should know, one line each
    """

    spec: str
    weighting: str = "native"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """Where the search for a number goes. log: on a logarithmic scale"""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Way:
    """One way of asking the trainer for a density.

    fixed: flags that make it this way
    free:  numbers that shape the density
    needs: what has to be given for it to be tried: tokens, or a shift that is the model's
    kind:  the flag that says it is a way of another kind of model; taken where it is exact, or where that is given
    """

    fixed: Settings
    free: Mapping[str, Span] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Preset:
    """The line with which this trainer's users ask for a preset."""

    flags: str
    tokens: int | None = None


@dataclass(frozen=True)
class Trainer:
    """A public trainer.

    name:    as the command line knows it
    title:   as people call it
    source:  repository, files and commit that were read
    flags:   those that decide where noise levels are drawn
    draw:    all of them → what is drawn. UserError: what has no density, or none that is registered
    ways:    of asking for a density, the plainest first
    presets: registered presets that are this trainer's own
    write:   flags → text to paste
    named:   a bare word of a command line (a script's name) → flags that it stands for; {}: none

        >>> from schedules import trainers
        >>> trainers.get("edm").flags["P_mean"].default
        -1.2
    """

    name: str
    title: str
    source: str
    flags: Mapping[str, Flag]
    draw: Callable[[Settings], Draw]
    ways: tuple[Way, ...]
    presets: Mapping[str, Preset] = field(default_factory=dict)
    write: Callable[[Settings], str] = command_line
    named: Callable[[str], Settings] = lambda word: {}

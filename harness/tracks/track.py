"""What a track is: one frozen task, every number of it declared in one place.

A track names its data, network and feature space by import path, so that listing tracks imports neither torch nor data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from harness import downloads
from harness.declared import Declared, Part, added, imported
from harness.metrics.registry import METRICS
from harness.option_types import JSON
from harness.protocol import PROTOCOL
from schedules.errors import UserError, unknown

POSITIONAL = {"data": 0, "network": 2, "features": 1, "dinov2": 1}
"""The parts of a track: how many arguments each is called with before its options."""


class Training(Declared):
    """The fixed budget and the optimiser (AdamW, learning rate constant after a linear warm-up)."""

    steps: int = Field(gt=0)
    batch: int = Field(gt=0)
    learning_rate: float = Field(gt=0, allow_inf_nan=False)
    warmup_steps: int = Field(ge=0)
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = Field(0.0, ge=0)
    clip_norm: float = Field(1.0, gt=0)
    ema_decay: float = Field(ge=0, lt=1)
    label_dropout: float = Field(0.1, ge=0, le=1)
    logsnr_range: tuple[float, float] = (-20.0, 20.0)
    block: int = Field(25, gt=0, description="steps whose random numbers are drawn ahead at once")
    precision: Literal["fp32", "tf32", "bf16"] = added(
        "fp32", "of the network's passes in training and sampling; weights, λ and loss are float32 always"
    )

    def scaled(self, learning_rate: float, ema: float) -> Training:
        """The same with the learning rate and the time constant 1/(1 − decay) of the average multiplied."""
        if learning_rate == 1.0 and ema == 1.0:
            return self
        decay = max(0.0, 1 - (1 - self.ema_decay) / ema)
        return self.model_copy(update={"learning_rate": self.learning_rate * learning_rate, "ema_decay": decay})


class Evaluation(Declared):
    """How trained weights are scored; independent of the schedule they were trained with."""

    marks: tuple[float, ...] = (0.25, 0.5, 1.0)
    samples: int = Field(gt=0)
    ddim_steps: int = Field(gt=0)
    sampler_logsnr: tuple[float, float] = Field(description="range of λ that the sampler runs over")
    guidance: tuple[float, ...]
    paired_points: int = Field(1000, description="held-out points, and samples, that kd, precision and recall use")
    curve_logsnr: tuple[float, float, int] = Field(description="lowest, highest λ and number of points of the ε-error")
    curve_points: int = Field(gt=0, description="held-out data points on which the ε-error is measured")
    seed: int = Field(0, description="of what is frozen with the track: noise of the ε-error, subsets of the data")
    fid: tuple[int, ...] = added(
        (),
        "numbers of samples that FID is taken of: the first, which is `samples`, at every mark, the others at the full "
        "budget; () where the feature space is not Inception-v3's, and the distance is called fd",
    )
    guided_marks: bool = added(False, "whether every mark is scored at each guidance scale, not the last alone")
    sample_block: int = added(0, "samples whose noise has a stream of its own; 0: one stream for all samples")
    neighbours: int = added(
        0,
        "images in each of three training subsets, and held-out ones, one row of each, that `memorised` looks at; "
        "0: all rows of as many images as are held out",
    )
    to_train: int = added(0, "training images that the usual FID, which never ranks, is taken against; 0: none")

    @property
    def distance(self) -> str:
        """What the Fréchet distance in the track's feature space is called."""
        return counted("fid", self.fid[0]) if self.fid else "fd"


class Tuning(Declared):
    """The budget that every schedule is tuned with, the baseline too; not part of what a run's result depends on.

    A study is `trials` trials of `seeds` runs each; its best `finalists` and the published parameters are measured
    again on `confirm_seeds` fresh seeds.
    """

    trials: int = Field(24, gt=0)
    seeds: int = Field(2, gt=0)
    finalists: int = Field(3, ge=0)
    confirm_seeds: int = Field(4, gt=0)
    together: int = Field(
        4, gt=0, description="trials asked for at once, so that a study does not depend on who is faster"
    )


class Track(Declared):
    """A frozen, versioned task: data, network, optimiser, budget, evaluation."""

    name: str
    summary: str
    data: Part
    network: Part
    features: Part
    feature_space: str
    training: Training
    evaluation: Evaluation
    tuning: Tuning = Tuning()
    primary_metric: str = "fd"
    dinov2: Part | None = added(None, "second feature space, of DINOv2, for a track with FID; at the full budget")
    targets: tuple[str, ...] = ("eps", "x0", "v", "flow")
    needs: str = Field("", description="data to be had before it can run, for people; no part of the fingerprint")
    extra: str = Field("", description="extra of the package that it needs, for people; no part of the fingerprint")

    @property
    def protocol(self) -> str:
        return PROTOCOL

    @property
    def budget_steps(self) -> int:
        return self.training.steps

    @property
    def marks(self) -> tuple[float, ...]:
        return self.evaluation.marks

    @property
    def guidance(self) -> tuple[float, ...]:
        return self.evaluation.guidance

    @property
    def fingerprint(self) -> str:
        """Hash of every number that defines the track; part of each run key, so an edited track never mixes."""
        parts = {name: part.unchanged() for name, part in self if isinstance(part, Declared)}
        left_out = self.unchanged() | {"summary", "feature_space", "tuning", "needs", "extra"}
        declared = self.model_dump_json(exclude={**parts, **dict.fromkeys(left_out, True)})
        return hashlib.sha256(declared.encode()).hexdigest()[:16]

    def check(self, checked: Collection[tuple[str, Part]] = ()) -> None:
        """UserError where a run could not be made: a FID of too few samples; data or weights that are not there.

        checked: see `check_options`
        """
        check_counts(self.name, self.evaluation)
        for name in (self.primary_metric, *(counted("fid", count) for count in self.evaluation.fid)):
            if name not in METRICS:
                raise unknown("metric", name, METRICS)
        self.check_options(checked)
        for part in (self.data, self.features, self.dinov2):
            if part is not None and part.check:
                with suppress(downloads.WithheldError):
                    imported(part.check)(**part.options)

    def parts(self) -> dict[str, Part]:
        """What the track is made of, by the name of its field."""
        parts = {name: getattr(self, name) for name in POSITIONAL}
        return {name: part for name, part in parts.items() if part is not None}

    def check_options(self, checked: Collection[tuple[str, Part]] = ()) -> None:
        """UserError where a part has a misspelt option, one of another type or none, or a number is none.

        checked: fields and parts that are known to be right, which need not be imported
        """
        self.check_values()
        for name, part in self.parts().items():
            if (name, part) not in checked:
                try:
                    part.check_options(POSITIONAL[name])
                except UserError as problem:
                    raise UserError(f"track {self.name!r}, {name}: {problem}") from problem

    def check_values(self) -> None:
        """UserError for a misspelt field, or a value of another type or out of its bounds.

        A copy with other values, by which tracks of one's own are made, was not looked at by pydantic.
        """
        for declared in (self, *(value for value in vars(self).values() if isinstance(value, Declared))):
            fields = type(declared).model_fields
            for name in sorted(vars(declared).keys() - fields):
                raise unknown(f"field of track {self.name!r}:", name, fields)
        try:
            type(self).model_validate_json(JSON.dump_json(self.model_dump(warnings=False)), strict=True)
        except ValidationError as problem:
            first = problem.errors()[0]
            name, expected = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Input should be ")
            raise UserError(f"track {self.name!r}: {name} is {first['input']!r}; expected {expected}") from problem
        except ValueError as problem:
            raise UserError(f"track {self.name!r}: {problem}") from problem

    def mark_steps(self) -> tuple[int, ...]:
        """Optimiser steps after which the weights are evaluated."""
        return tuple(round(mark * self.training.steps) for mark in self.marks)


def counted(distance: str, samples: int) -> str:
    """A distance with its number of samples: fid10k. UserError for a number that is not in whole thousands."""
    if samples < 1000 or samples % 1000:
        raise UserError(f"{distance} of {samples} samples; expected a multiple of 1000, which its name tells")
    return f"{distance}{samples // 1000}k"


def check_counts(name: str, rules: Evaluation) -> None:
    """UserError for a FID of more samples than are drawn."""
    if rules.fid and (rules.samples != rules.fid[0] or tuple(sorted(rules.fid)) != rules.fid):
        raise UserError(
            f"track {name!r}: {rules.distance} is taken of {rules.fid[0]} samples, the track draws {rules.samples}; "
            f"expected `samples` to be the first of `fid`, {rules.fid}, and these to ascend"
        )


def read_card(track: str) -> dict[str, Any]:
    """Measured facts of a track (floors, cost, noise over seeds), as committed beside it; {} when not yet measured."""
    path = card_file(track)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def card_file(track: str) -> Path:
    """Where the card of a track is committed."""
    return Path(__file__).with_name("cards") / f"{track}.json"

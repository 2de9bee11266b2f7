"""What a track is: one frozen task, every number of it declared in one place.

A track names its data, network and feature space by import path, so that listing tracks imports neither torch nor data.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.protocol import PROTOCOL

ADDED = "added after the first tracks"


class Declared(BaseModel):
    """Base of every part of a track: immutable, and a misspelt field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def unchanged(self) -> set[str]:
        """Names of the fields that came later and are at their defaults."""
        return {
            name
            for name, field in type(self).model_fields.items()
            if isinstance(field.json_schema_extra, dict)
            and ADDED in field.json_schema_extra
            and getattr(self, name) == field.default
        }


def added(default: Any, description: str) -> Any:
    """A field that came after the first tracks were frozen: at its default it is no part of a fingerprint."""
    return Field(default, description=description, json_schema_extra={ADDED: True})


class Part(Declared):
    """Something built by a function: `make` is "module:function", `options` its keyword arguments."""

    make: str
    options: dict[str, Any] = {}

    def __call__(self, *arguments: Any) -> Any:
        return imported(self.make)(*arguments, **self.options)


class Training(Declared):
    """The fixed budget and the optimiser (AdamW, learning rate constant after a linear warm-up)."""

    steps: int
    batch: int
    learning_rate: float
    warmup_steps: int
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.0
    clip_norm: float = 1.0
    ema_decay: float
    label_dropout: float = 0.1
    logsnr_range: tuple[float, float] = (-20.0, 20.0)
    block: int = Field(25, description="steps whose random numbers are drawn ahead at once")
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
    samples: int
    ddim_steps: int
    sampler_logsnr: tuple[float, float] = Field(description="range of λ that the sampler runs over")
    guidance: tuple[float, ...]
    paired_points: int = Field(1000, description="held-out points, and samples, that kd, precision and recall use")
    curve_logsnr: tuple[float, float, int] = Field(description="lowest, highest λ and number of points of the ε-error")
    curve_points: int = Field(description="held-out data points on which the ε-error is measured")
    seed: int = Field(0, description="of what is frozen with the track: noise of the ε-error, subsets of the data")


class Tuning(Declared):
    """The budget that every schedule is tuned with, the baseline too; not part of what a run's result depends on.

    A study is `trials` trials of `seeds` runs each; its best `finalists` and the published parameters are measured
    again on `confirm_seeds` fresh seeds.
    """

    trials: int = 24
    seeds: int = 2
    finalists: int = 3
    confirm_seeds: int = 4
    together: int = Field(4, description="trials asked for at once, so that a study does not depend on who is faster")


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
    targets: tuple[str, ...] = ("eps", "x0", "v", "flow")

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
        left_out = self.unchanged() | {"summary", "feature_space", "tuning"}
        declared = self.model_dump_json(exclude={**parts, **dict.fromkeys(left_out, True)})
        return hashlib.sha256(declared.encode()).hexdigest()[:16]

    def mark_steps(self) -> tuple[int, ...]:
        """Optimiser steps after which the weights are evaluated."""
        return tuple(round(mark * self.training.steps) for mark in self.marks)


def imported(path: str) -> Callable[..., Any]:
    """The function that "module:function" names."""
    module, name = path.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def read_card(track: str) -> dict[str, Any]:
    """Measured facts of a track (floors, cost, noise over seeds), as committed beside it; {} when not yet measured."""
    path = Path(__file__).with_name("cards") / f"{track}.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}

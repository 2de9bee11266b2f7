"""What a file of a published comparison holds: the numbers as the paper prints them, and what they were measured under.

A table is rows × columns. A row is a schedule, its prediction target and its weighting, by our names for them; its
`spec` is null where we have no equal. A column is a condition: a scale of guidance, a share of the budget, a number of
sampling steps. One number for each, `null` or absent where the paper has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from harness.targets import TARGETS
from schedules import UserError, parse, weightings

NATIVE = "native"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metric(_Part):
    """What the numbers are. better: which way is good"""

    name: str
    better: Literal["lower", "higher"]


class Column(_Part):
    """A condition that every row was measured under.

    name:     as the paper calls it
    guidance: classifier-free guidance scale; null where there is none, or where several were averaged
    share:    of the paper's full budget
    note:     what else differs
    """

    name: str
    guidance: float | None = Field(None, gt=0)
    share: float = Field(1.0, gt=0, le=1)
    note: str = ""


class Row(_Part):
    """One method of the table.

    label:     the paper's own name for it
    spec:      our schedule, null where there is no equal
    target:    what its network predicts
    weighting: ours
    values:    column → number
    note:      what differs between the paper's method and ours
    """

    label: str
    spec: str | None
    target: str
    weighting: str = NATIVE
    values: dict[str, float]
    note: str = ""

    @field_validator("target")
    @classmethod
    def _target_exists(cls, name: str) -> str:
        if name not in TARGETS:
            raise ValueError(f"target {name!r}; expected one of {', '.join(TARGETS)}")
        return name

    @field_validator("spec")
    @classmethod
    def _spec_parses(cls, text: str | None) -> str | None:
        try:
            return None if text is None else parse(text).spec
        except UserError as error:
            raise ValueError(str(error)) from error

    @field_validator("weighting")
    @classmethod
    def _weighting_exists(cls, text: str) -> str:
        try:
            return weightings.parse(text).spec
        except UserError as error:
            raise ValueError(str(error)) from error


class PublishedTable(_Part):
    """A published comparison of schedules under one trainer.

    source:  arXiv id; table: which of its tables; title: of the paper
    setting: data, network, budget, sampler
    seeds:   runs behind each number
    read:    "paper", or "transcription" where the numbers were read at second hand
    caveats: what a reader must know before believing them
    """

    source: Annotated[str, Field(pattern=r"^\d{4}\.\d{4,5}$")]
    title: str
    table: str
    setting: str
    metric: Metric
    seeds: int = Field(ge=1)
    read: Literal["paper", "transcription"]
    caveats: tuple[str, ...] = ()
    columns: tuple[Column, ...] = Field(min_length=1)
    rows: tuple[Row, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _whole(self) -> PublishedTable:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"columns {', '.join(names)}; each name once")
        methods = [(row.spec, row.target, row.weighting) for row in self.rows if row.spec is not None]
        twice = [method for method in methods if methods.count(method) > 1]
        if twice:
            raise ValueError(f"rows {' and '.join(map(str, twice))} are one method twice")
        for row in self.rows:
            if unknown := sorted(set(row.values) - set(names)):
                raise ValueError(f"row {row.label!r} has columns {', '.join(unknown)}; expected {', '.join(names)}")
        return self

    @property
    def name(self) -> str:
        """Source and table, as tables and pages call it."""
        return f"arXiv:{self.source}, {self.table}"

    def column(self, name: str) -> Mapping[str, float]:
        """label → number of one column, or of `BEST`: each row's best over the scales of guidance."""
        if name != BEST:
            return {row.label: row.values[name] for row in self.rows if name in row.values}
        scales = self.scales
        best = min if self.metric.better == "lower" else max
        return {
            row.label: best(row.values[scale] for scale in scales)
            for row in self.rows
            if all(scale in row.values for scale in scales)
        }

    @property
    def scales(self) -> tuple[str, ...]:
        """Columns of the full budget that differ in guidance; empty where there are fewer than two."""
        names = tuple(column.name for column in self.columns if column.guidance is not None and column.share == 1)
        return names if len(names) > 1 else ()


BEST = "best"
"""The column that a table with several scales of guidance has besides its own."""

"""What `snrbench run --json` prints: every run of the request, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.execution.job import Result
    from harness.execution.planner import Plan
    from harness.specs import RunSpec

ALREADY, PLANNED = "already", "planned"


def as_json(track: str, plan: Plan, results: Iterable[Result], code: int, **more: Any) -> dict[str, Any]:
    """Runs by outcome: "already" in the store, "finished", "diverged", "failed", or "planned" where it was not run.

    code: what the command exits with
    """
    ended = {each.spec.key: _run(each.spec, each.outcome, each.reason) for each in results}
    runs = [_run(spec, ALREADY) for spec in plan.done]
    runs += [ended.get(job.spec.key) or _run(job.spec, PLANNED) for job in plan.jobs]
    return {"track": track, "code": code, **Counter(run["outcome"] for run in runs), **more, "runs": runs}


def _run(spec: RunSpec, outcome: str, reason: str = "") -> dict[str, Any]:
    facts = {"key": spec.key, "entry": spec.entry.label, "target": spec.target, "seed": spec.seed, "outcome": outcome}
    return {**facts, "reason": reason} if reason else facts

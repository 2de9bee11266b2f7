"""Families of schedules, to group boards by: the file of `schedules/builtin` that a schedule is written in."""

from __future__ import annotations

from functools import cache

import schedules
from schedules import UserError, weightings

TITLES = {
    "cosine": "Cosine",
    "laplace": "Laplace and Cauchy",
    "gamma": "Sigmoid and linear γ",
    "discrete": "Discrete tables",
    "logit_normal": "Logit-normal",
    "edm": "EDM",
    "flow": "Flow matching",
    "sde": "SDEs",
    "k_diffusion": "k-diffusion",
    "bridges": "General shapes",
    "retimed": "Re-timed",
    "learned": "Learned while training",
}
OTHER = "Other"
MIXTURE = "Mixtures"


@cache
def family(spec: str) -> str:
    """The family of a schedule's spec; "Other" for one that this installation does not know, such as a plugin's."""
    if spec.startswith("mixture("):
        return MIXTURE
    try:
        info = schedules.info(_name(spec))
    except UserError:
        return OTHER
    if info.spec:
        return family(info.spec)
    module = info.function.__module__.rpartition(".")[2].partition("_")[0]
    whole = info.function.__module__.rpartition(".")[2]
    if info.origin != "builtin":
        return OTHER
    return TITLES.get(whole) or TITLES.get(module) or whole.replace("_", " ").capitalize()


@cache
def learns(spec: str, weighting: str = "native") -> bool:
    """Whether the schedule, or the weighting, changes while training; False for one that is not known here."""
    try:
        return schedules.parse(spec.replace("@tuned", "")).learns or weightings.parse(weighting).learns
    except UserError:
        return False


def _name(spec: str) -> str:
    """The registered name that a spec begins with."""
    for mark in ":|@":
        spec = spec.partition(mark)[0]
    return spec

"""How long 10⁶ draws of λ take: every static schedule, beside the same law in plain PyTorch where there is one.

    python tests/benchmarks/sampling_speed.py [--draws 1000000] [--repeats 5] [NAME ...]

One core, float64 on both sides, the same uniforms; the fastest of the repeats. "first" is the very first draw, of ten
λ: what tabulating costs. The references are torch.distributions or the published formula written as one would in a
training loop, λ(u) from the same u; "deviation" is the largest difference between the two, relative where |λ| > 1, for
q in [1e-9, 1 − 1e-9]. Target: 0.5 s.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from torch import Tensor
from torch import distributions as dist

import schedules

Reference = Callable[[Tensor], Tensor]


def icdf(law: dist.Distribution) -> Reference:
    """Quantiles of a distribution of torch's that has them."""
    return law.icdf


def normal(mean: float, std: float) -> Reference:
    """Quantiles of a normal."""
    return icdf(dist.Normal(torch.tensor(mean, dtype=torch.float64), torch.tensor(std, dtype=torch.float64)))


def uniform(low: float, high: float) -> Reference:
    """Quantiles of a uniform."""
    return icdf(dist.Uniform(torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64)))


def cosine(scale: float = 1.0) -> Reference:
    """λ = (2/s) ln tan(πu/2)."""
    return lambda u: 2.0 / scale * torch.log(torch.tan(0.5 * math.pi * u))


def flow_beta(u: Tensor) -> Tensor:
    """π0's time 0.001 + 0.999 u^{1/1.5}, for Beta(1.5, 1) has the cdf u^1.5."""
    return _flow(0.001 + 0.999 * (1.0 - u) ** (1.0 / 1.5))


def vp_sde(u: Tensor) -> Tensor:
    """λ = −ln(e^B − 1)."""
    t = 1.0 - u
    return -torch.log(torch.expm1((0.1 + 9.95 * t) * t))


def mode(u: Tensor, s: float = 1.29) -> Tensor:
    """SD3's mode sampling, its own u."""
    return _flow(1.0 - u - s * (torch.cos(0.5 * math.pi * u) ** 2 - 1.0 + u))


def sigmoid_gamma(u: Tensor) -> Tensor:
    """The sigmoid γ(t) of Jabri et al."""
    t = 1.0 - u
    start, end = torch.sigmoid(torch.tensor([-3.0, 3.0], dtype=torch.float64))
    gamma = (end - torch.sigmoid(6.0 * t - 3.0)) / (end - start)
    return torch.log(gamma) - torch.log1p(-gamma)


def _flow(t: Tensor) -> Tensor:
    return 2.0 * (torch.log1p(-t) - torch.log(t))


def _karras(u: Tensor) -> Tensor:
    low, high = 0.002 ** (1 / 7), 80.0 ** (1 / 7)
    return -14.0 * torch.log(low + (1.0 - u) * (high - low))


def _laplace(scale: float) -> Reference:
    return icdf(dist.Laplace(torch.tensor(0.0, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64)))


def _logistic(scale: float) -> Reference:
    return lambda u: scale * torch.logit(u)


REFERENCES: dict[str, Reference] = {
    "cauchy": icdf(dist.Cauchy(torch.tensor(0.0, dtype=torch.float64), torch.tensor(1.0, dtype=torch.float64))),
    "cosine": cosine(),
    "cosine_scaled": cosine(),
    "cosine_shifted": cosine(),
    "cosmap": cosine(),
    "diffusers_logit_normal": normal(0.0, 2.0),
    "edm": normal(2.4, 2.4),
    "edm2": normal(0.8, 2.0),
    "flow_beta": flow_beta,
    "flow_uniform": _logistic(2.0),
    "karras_rho": _karras,
    "laplace": _laplace(0.5),
    "logit_normal": normal(0.0, 2.0),
    "loglogistic": _logistic(1.0),
    "mode": mode,
    "sigmoid": sigmoid_gamma,
    "style_friendly": normal(-6.0, 2.0),
    "uniform_gamma": _logistic(1.0),
    "uniform_logsnr": uniform(-10.0, 10.0),
    "ve_sde": uniform(-2.0 * math.log(50.0), -2.0 * math.log(0.01)),
    "vp_exp": lambda u: -torch.log(torch.expm1(12.0 * (1.0 - u))),
    "vp_sde": vp_sde,
}


def fastest(function: Callable[[], object], repeats: int) -> float:
    """Least wall time of some calls, seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def deviation(schedule: schedules.Schedule, reference: Reference) -> float:
    """Largest difference of λ between both, q in [1e-9, 1 − 1e-9]; relative where |λ| > 1."""
    q = 1.0 / (1.0 + np.exp(-np.linspace(-20.7, 20.7, 20_001)))
    ours, theirs = schedule.ppf(q), reference(torch.from_numpy(q)).numpy()
    return float(np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(ours))))


def measure(names: list[str], draws: int, repeats: int) -> None:
    """Print one line for each schedule."""
    u = np.random.default_rng(0).random(draws)
    u_torch = torch.from_numpy(u)
    print(f"{draws:,} draws, one core, fastest of {repeats}; seconds")
    print(f"{'schedule':<28} {'first':>7} {'ours':>7} {'torch':>7} {'ratio':>7}   deviation")
    slowest = ("", 0.0)
    for name in names:
        schedule = schedules.create(name)
        if schedule.learns:
            continue
        first = fastest(lambda density=schedule: density.ppf(u[:10]), 1)
        ours = fastest(lambda density=schedule: density.ppf(u), repeats)
        slowest = max(slowest, (name, ours), key=lambda pair: pair[1])
        line = f"{name:<28} {first:7.3f} {ours:7.3f}"
        reference = REFERENCES.get(name)
        if reference is not None:
            theirs = fastest(lambda draw=reference: draw(u_torch), repeats)
            line += f" {theirs:7.3f} {ours / theirs:7.2f}   {deviation(schedule, reference):.1e}"
        print(line)
    print(f"slowest: {slowest[0]}, {slowest[1]:.3f} s")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="schedules; all without any")
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    measure(arguments.names or schedules.names(), arguments.draws, arguments.repeats)


if __name__ == "__main__":
    main()

"""Prints, for every reference that the tests hold a schedule against, the largest deviation found, as Markdown.

python tests/schedules/builtin/deviations.py
"""

from __future__ import annotations

import mpmath
import numpy as np
import test_against_diffusers as tables
import test_builtin as builtin

import schedules

TIMES = [1e-9, 1e-6, 1e-3, 0.03, 0.2, 0.5, 0.8, 0.97, 0.999, 1 - 1e-6]
FLOW_TIMES = (0.02, 0.1, 0.3, 0.5, 0.74, 0.9, 0.99)


def row(spec: str, reference: str, deviation: float, of: str) -> None:
    """One line of the table."""
    print(f"| `{spec}` | {reference} | {deviation:.1e} | {of} |")


def main() -> None:
    print("| schedule | held against | largest deviation | of |\n|---|---|---|---|")
    for spec, truth in builtin.IDENTITIES.items():
        ours, theirs = schedules.parse(spec).ppf(builtin.SHARES), truth.ppf(builtin.SHARES)
        error = np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))
        row(spec, "SciPy distribution", error.max(), "λ, q from 1e-9 to 1 − 1e-9, relative where abs(λ) > 1")
    for spec, (mean, deviation) in builtin.NORMALS.items():
        error = np.abs(
            schedules.parse(spec).ppf([0.01, 0.5, 0.99]) - mean - deviation * np.array([-2.32635, 0, 2.32635])
        )
        row(spec, f"published N({mean}, {deviation}²)", error.max(), "λ; the constants have three decimals")
    for spec, form in builtin.TIME_FORMS.items():
        with mpmath.workdps(40):
            expected = np.array([float(form(mpmath.mpf(t))) for t in TIMES])
        error = np.abs(schedules.parse(spec).logsnr(TIMES) - expected)
        row(spec, "λ(t) of the paper in 40 digits", error.max(), "λ, t from 1e-9 to 1 − 1e-6")
    for spec, density in builtin.FLOW_TIMES.items():
        whole = builtin.integrate.quad(density, 0, 1, points=[0.001, 0.0348516, 0.049029, 0.5, 0.7651484], limit=400)[0]
        expected = {t: 0.5 * t * (1 - t) * density(t) / whole for t in FLOW_TIMES}
        actual = {t: float(schedules.parse(spec).pdf(2 * np.log((1 - t) / t))) for t in FLOW_TIMES}
        error = max(abs(actual[t] - expected[t]) / max(expected[t], 1e-3) for t in FLOW_TIMES)
        row(spec, "f(t) of the source by quadrature", error, "p, relative")
    for spec, options in tables.TABLES.items():
        if spec != "diffusers_laplace":
            expected = tables.logsnr(tables.scheduler(options))
            ours = schedules.parse(spec).logsnr(np.arange(1, expected.size + 1) / expected.size)
            inner = np.abs(expected) < 3
            row(spec, "diffusers' table (float32)", np.abs(ours - expected)[inner].max(), "λ, abs(λ) < 3")


if __name__ == "__main__":
    main()

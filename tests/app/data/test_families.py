"""Families of schedules, to group boards by."""

from __future__ import annotations

import pytest

from app.data import families


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("laplace:scale=0.7|shift:a=3", "Laplace and Cauchy"),
        ("preset/sd3", "Logit-normal"),
        ("laplace@tuned", "Laplace and Cauchy"),
        ("mixture(laplace@0.5,cosine@0.5)", "Mixtures"),
        ("infonoise", "Learned while training"),
        ("<script>", "Other"),
        ("../../etc", "Other"),
    ],
)
def test_families(spec, expected):
    assert families.family(spec) == expected

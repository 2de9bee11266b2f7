"""One small picture: ε-error of an entry against λ, beside the baseline's."""

from __future__ import annotations

import numpy as np

from leaderboards.statistics.student_t import Array

WIDTH, HEIGHT, MARGIN = 260, 130, 18


def error_picture(logsnr: Array, entry: Array, baseline: Array) -> str:
    """Inline SVG of two curves over λ, (n,) each: the entry's ε-error, and dashed the baseline's; logarithmic."""
    both = np.log(np.concatenate([entry, baseline]))
    low, high = float(np.nanmin(both)), float(np.nanmax(both))

    def line(errors: Array, kind: str) -> str:
        x = MARGIN + (logsnr - logsnr[0]) / (logsnr[-1] - logsnr[0]) * (WIDTH - 2 * MARGIN)
        y = HEIGHT - MARGIN - (np.log(errors) - low) / max(high - low, 1e-12) * (HEIGHT - 2 * MARGIN)
        points = " ".join(f"{left:.1f},{top:.1f}" for left, top in zip(x, y, strict=True) if np.isfinite(top))
        return f'<polyline class="{kind}" points="{points}"/>'

    base = HEIGHT - MARGIN
    return "".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
            "<title>ε-error against λ</title>",
            f'<line class="axis" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{base}" y2="{base}"/>',
            line(baseline, "of-baseline"),
            line(entry, "entry"),
            f'<text x="{MARGIN}" y="{HEIGHT - 4}">λ {logsnr[0]:.3g}</text>'.replace("λ -", "λ −"),
            f'<text x="{WIDTH - MARGIN}" y="{HEIGHT - 4}" text-anchor="end">{logsnr[-1]:.3g}</text>',
            "</svg>",
        ]
    )

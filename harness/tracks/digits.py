"""digits-v1: 1,797 real handwritten digits in nine positions each; a run takes seconds on one core.

How its numbers were chosen, by the baseline's scores alone (one seed each, `fd` without guidance; the card has the
figures of the track as it is):

- Budget: 500 steps of batch 128 keep a run at 14 s on one core; the baseline stays above six floors, and `memorised`
  at 0.46 to 0.50 for its three targets.
- Sampler's λ in [−5, 7]: against the whole cosine grid (±6.8) the baseline changes little (v 3.04 → 2.89, x0
  2.61 → 2.49, eps 4.42 → 4.81), while x₀ from an eps network no longer has its error multiplied by 30, but by 12.
- Label embeddings of unit variance instead of 0.02: v 2.74 → 1.26.
- Guidance scales: the best ones of all entries lie within the grid; its dense part is where v and x0 have theirs.
"""

from __future__ import annotations

from harness.tracks.track import Evaluation, Part, Track, Training

DIGITS = Track(
    name="digits-v1",
    summary="scikit-learn's 8×8 handwritten digits in nine one-pixel positions, residual MLP with adaLN",
    data=Part(make="harness.data.digits:load"),
    network=Part(make="harness.networks.mlp:ResidualMLP", options={"width": 160, "blocks": 3, "condition": 64}),
    features=Part(
        make="harness.metrics.classifiers:digits_features",
        options={"sha256": "82118271f1272468d124deb311af256207c80901177ab930bfc34645a4d7270d"},
    ),
    feature_space="digits-classifier-32",
    training=Training(steps=500, batch=128, learning_rate=2e-3, warmup_steps=50, ema_decay=0.995),
    evaluation=Evaluation(
        samples=1000,
        ddim_steps=18,
        sampler_logsnr=(-5.0, 7.0),
        guidance=(1.0, 1.15, 1.3, 1.5, 2.0, 3.0),
        curve_logsnr=(-8.0, 7.0, 31),
        curve_points=300,
    ),
)

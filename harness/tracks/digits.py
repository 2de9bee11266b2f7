"""digits-v1: 1,797 real handwritten digits in nine positions each; a run takes seconds on one core."""

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

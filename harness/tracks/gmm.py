"""gmm-v1: a Gaussian mixture in four dimensions, whose optimal denoiser is known in closed form."""

from __future__ import annotations

from harness.tracks.track import Evaluation, Part, Track, Training

GMM = Track(
    name="gmm-v1",
    summary="Gaussian mixture in four dimensions with a known optimal denoiser; scored by exact excess risk",
    data=Part(make="harness.data.mixture:load"),
    network=Part(make="harness.networks.mlp:ResidualMLP", options={"width": 64, "blocks": 3, "condition": 32}),
    features=Part(make="harness.metrics.classifiers:identity_features"),
    feature_space="data coordinates",
    training=Training(steps=500, batch=128, learning_rate=2e-3, warmup_steps=50, ema_decay=0.995, label_dropout=0.0),
    evaluation=Evaluation(
        samples=1024,
        ddim_steps=16,
        sampler_logsnr=(-8.0, 8.0),
        guidance=(1.0,),
        curve_logsnr=(-8.0, 8.0, 33),
        curve_points=1024,
    ),
    primary_metric="excess",
)

"""mnist-v1: handwritten digits at 32×32 and a small DiT on patches of 8 pixels; two minutes on one core."""

from __future__ import annotations

from harness.tracks.track import Evaluation, Part, Track, Training, Tuning

MNIST = Track(
    name="mnist-v1",
    summary="MNIST at 32×32, DiT of 0.7 M parameters on patches of 8 pixels",
    data=Part(make="harness.data.images:mnist"),
    network=Part(make="harness.networks.dit:DiT", options={"depth": 4, "hidden": 96, "heads": 3, "patch": 8}),
    features=Part(
        make="harness.metrics.classifiers:mnist_features",
        options={"sha256": "db6e233f1ef194b4c6aa5d21286892ff5e17ac5e10bc39b83a4b4648f2b326c9"},
    ),
    feature_space="mnist-classifier-64",
    training=Training(steps=2400, batch=32, learning_rate=2e-3, warmup_steps=100, ema_decay=0.995),
    evaluation=Evaluation(
        samples=800,
        paired_points=800,
        ddim_steps=15,
        sampler_logsnr=(-7.0, 7.0),
        guidance=(1.0, 1.5, 2.0, 3.0, 4.0),
        curve_logsnr=(-9.0, 12.0, 43),
        curve_points=100,
    ),
    tuning=Tuning(trials=20, seeds=1),
    targets=("eps", "x0", "v", "flow", "edm"),
    needs="MNIST, 12 MB to download",
)

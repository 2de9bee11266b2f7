"""mnist-v1: handwritten digits at 32×32 and a small DiT on patches of 4 pixels; about an hour on one core.

Proposed, and not among TRACKS: its budget and sampler have not been run to the end. What its numbers rest on:

- Network: a training image costs 0.19 GFLOP, so 4,000 steps of batch 128 are 100 TFLOP, 41 minutes at the 40 GFLOP/s
  of one core, and 28,000 images sampled in 25 steps are 18 minutes. A DiT of depth 6 and hidden 128 costs 2.6 times as
  much; the U-Net of 1.2 M parameters 8 times.
- Learning rate, by the baseline's training loss after 300 steps of batch 32 (v, one seed, mean of the last 50): 0.322
  at 5e-4, 0.305 at 1e-3, 0.294 at 2e-3, 0.291 at 4e-3. The last was not taken, as short runs favour large ones.
- ε-error up to λ = 12, where noise is a sixth of a grey level and the decoder term is 0.01 bits per dimension.
"""

from __future__ import annotations

from harness.tracks.track import Evaluation, Part, Track, Training

MNIST = Track(
    name="mnist-v1",
    summary="MNIST at 32×32, DiT of 0.7 M parameters on patches of 4 pixels",
    data=Part(make="harness.data.images:mnist"),
    network=Part(make="harness.networks.dit:DiT", options={"depth": 4, "hidden": 96, "heads": 3, "patch": 4}),
    features=Part(
        make="harness.metrics.classifiers:mnist_features",
        options={"sha256": "db6e233f1ef194b4c6aa5d21286892ff5e17ac5e10bc39b83a4b4648f2b326c9"},
    ),
    feature_space="mnist-classifier-64",
    training=Training(steps=4000, batch=128, learning_rate=2e-3, warmup_steps=200, ema_decay=0.999),
    evaluation=Evaluation(
        samples=2000,
        ddim_steps=25,
        sampler_logsnr=(-7.0, 7.0),
        guidance=(1.0, 1.25, 1.5, 2.0, 3.0),
        curve_logsnr=(-9.0, 12.0, 43),
        curve_points=200,
    ),
    targets=("eps", "x0", "v", "flow"),
)

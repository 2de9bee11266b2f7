"""mnist-v1: handwritten digits at 32×32 and a small DiT on patches of 8 pixels; a run takes minutes on one core.

How its numbers were chosen, by the baseline's scores alone (v, one seed, 500 samples of 18 steps; floor of `fd` 0.66;
seconds of one core's time for training):

    network                                steps × batch   seconds   fd at scale 1      2   memorised
    DiT, patches of 4, depth 3, hidden 64      750 × 64         69            36.8   23.1        0.47
    DiT, patches of 8, depth 4, hidden 96    1,500 × 64         90            15.5    4.3        0.48
    the same                                 3,000 × 32         97            13.2    3.1        0.47
    residual MLP of width 512, 4.8 M         1,600 × 128        97             8.9    1.2        0.53

- Patches of 8 learn what patches of 4 do not within the budget. The MLP learns faster still, but is within two floors
  at scale 2, where better schedules would no longer be told apart, and leaves grey noise on its samples.
- Small batches: for the same images, 32 is better than 64 at nearly the same cost.
- Guidance scales: the best one lies within the grid. The track as it is, v, seed 0: 15.3 without guidance, then 7.8,
  4.2, 3.9 and 6.4; its floor is 0.40. Digits are broken in places without guidance, and most are whole at scale 2.
- Learning rate, from an earlier network (patches of 4, 300 steps of batch 32, v, mean training loss of the last 50):
  0.322 at 5e-4, 0.305 at 1e-3, 0.294 at 2e-3, 0.291 at 4e-3. The last was not taken, as short runs favour large ones.
- ε-error up to λ = 12, where noise is a sixth of a grey level and the decoder term is 0.01 bits per dimension.
- Budget: 91 s of one core's time for training and 73 s for evaluation, on a machine with other work.
- Tuning: one seed a trial, so that a study is 36 runs.
"""

from __future__ import annotations

from harness.tracks.track import Evaluation, Part, Track, Training, Tuning

MNIST = Track(
    name="mnist-v1",
    summary="MNIST at 32×32, DiT of 0.7 M parameters on patches of 8 pixels",
    data=Part(make="harness.data.images:mnist", check="harness.data.images:check_mnist"),
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

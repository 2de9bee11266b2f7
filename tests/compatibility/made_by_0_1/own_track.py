"""A track of a user's own, written for snrbench 0.1: four-dimensional mixture, a small network, a hundred steps."""

from harness.tracks.track import Evaluation, Part, Track, Training

TRACK = Track(
    name="own-v1",
    summary="a user's own track",
    data=Part(make="harness.data.mixture:load"),
    network=Part(make="harness.networks.mlp:ResidualMLP", options={"width": 16, "blocks": 1, "condition": 8}),
    features=Part(make="harness.metrics.classifiers:identity_features"),
    feature_space="data coordinates",
    training=Training(steps=100, batch=32, learning_rate=2e-3, warmup_steps=10, ema_decay=0.98, label_dropout=0.0),
    evaluation=Evaluation(
        samples=128,
        ddim_steps=4,
        sampler_logsnr=(-8.0, 8.0),
        guidance=(1.0,),
        curve_logsnr=(-8.0, 8.0, 9),
        curve_points=128,
    ),
    primary_metric="excess",
)

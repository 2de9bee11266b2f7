"""The distance as papers usually take it, to training data: a model that memorises goes below its floor."""

from harness.metrics.estimators.frechet import frechet_distance
from harness.metrics.inputs import Reference, Samples
from harness.metrics.metric import Metric, register


def to_train(distance: str, title: str, usual: str) -> None:
    """Register that of a distance, which is usually called so."""

    @register(
        Metric(
            f"{distance}_to_train",
            f"{title} to training data",
            better="lower",
            compare="ratio",
            needs=("features", "training features"),
            summary=f"{usual}, to training data: below its floor as soon as a model memorises, so it never ranks",
            ranks=False,
            floored=False,
            on=lambda rules: rules.distance == distance,
            place=40,
        )
    )
    def measured(samples: Samples, reference: Reference) -> float:
        if reference.train_moments is None:
            raise ValueError("the distance to training data needs their features")
        return frechet_distance(reference.train_moments, samples.moments())


for _distance, _title, _usual in (
    ("fid10k", "FID-10K", "the usual FID"),
    ("fid50k", "FID-50K", "the usual FID"),
    ("fd", "Fréchet distance", "the Fréchet distance"),
):
    to_train(_distance, _title, _usual)

"""Prints, for each network, the predicted peak of training and how much a process grew in real steps, in MiB."""

import json

import torch

from harness import tracks
from harness.data.dataset import Split
from harness.execution.capacity.predicted_memory import predict
from harness.runs import peak_memory
from harness.specs import Entry
from harness.tracks.track import Part, Training
from harness.training.loop import Trainer
from harness.training.noise_levels import NoiseLevelSource

CPU, CLASSES, STEPS, ROWS = torch.device("cpu"), 10, 2, 64
NETWORKS = {
    "mlp": ((1, 10, 10), "mlp:ResidualMLP", {"width": 1024, "blocks": 2, "condition": 256}, 64, "fp32"),
    "dit": ((1, 32, 32), "dit:DiT", {"depth": 3, "hidden": 96, "heads": 3, "patch": 4}, 48, "fp32"),
    "dit in bf16": ((1, 32, 32), "dit:DiT", {"depth": 3, "hidden": 96, "heads": 3, "patch": 4}, 48, "bf16"),
    "unet": (
        (1, 16, 16),
        "unet:UNet",
        {"width": 32, "multipliers": (1, 2), "blocks": 1, "attention": (8,)},
        32,
        "fp32",
    ),
}


def grown(network, shape, rules):
    """MiB by which the peak of resident memory rose over what was held before the trainer was made."""
    x, label = torch.zeros(ROWS, *shape).normal_(), torch.arange(ROWS) % CLASSES
    schedule, weighting = Entry.of("laplace").make()
    levels = NoiseLevelSource(schedule, weighting, "v", rules.logsnr_range)
    peak_memory.reset_peak(CPU)
    before = peak_memory.peak_mib(CPU)
    Trainer(network(shape, CLASSES), rules, Split(x, label, label), CLASSES, "v", levels, 0).run(STEPS)
    return peak_memory.peak_mib(CPU) - before


def main():
    torch.set_num_threads(1)
    found = {}
    for name, (shape, path, options, batch, precision) in NETWORKS.items():
        part = Part(make=f"harness.networks.{path}", options=options)
        few = {"learning_rate": 1e-3, "warmup_steps": 1, "ema_decay": 0.9, "steps": STEPS, "block": STEPS}
        rules = Training(batch=batch, precision=precision, **few)
        grown(part, shape, rules.model_copy(update={"batch": 2}))  # what the libraries load at first use
        track = tracks.get("digits-v1").model_copy(update={"network": part, "training": rules})
        footprint = predict(track, shape, CLASSES, {"train": 0, "val": 0, "test": 0})
        found[name] = footprint.state + footprint.training, grown(part, shape, rules)
    print(json.dumps(found))


if __name__ == "__main__":
    main()

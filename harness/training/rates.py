"""What changes from step to step by itself: the learning rate, and how much the average of the weights keeps.

    lr(s) = lr · min(1, (s + 1) / warm-up)              constant after a linear warm-up, so that each mark is what that
                                                        budget gives (protocol 4)
    d(s) = min(decay, (1 + s) / (10 + s))               the ramp keeps early averages from remembering the initial
                                                        weights; it is TensorFlow's and diffusers' rule

of optimiser step s, which counts from 0.
"""

from __future__ import annotations

from harness.tracks.track import Training


def warm_up(rules: Training, step: int) -> float:
    """The share of the learning rate that a step has."""
    return min(1.0, (step + 1) / max(1, rules.warmup_steps))


def learning_rate(rules: Training, step: int) -> float:
    """lr(s)."""
    return rules.learning_rate * warm_up(rules, step)


def decay_ramp(step: int) -> float:
    """The most that an average keeps after a step."""
    return (1 + step) / (10 + step)


def decay(rules: Training, step: int) -> float:
    """d(s)."""
    return min(rules.ema_decay, decay_ramp(step))

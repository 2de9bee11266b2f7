"""The training of a small autoencoder (`harness.data.autoencoder`): of the committed ones, and of one's own images'."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from harness import rehearsal
from harness.data.autoencoder import Autoencoder

STEPS, BATCH, LEARNING_RATE, KL_WEIGHT = 3000, 128, 2e-3, 1e-2


def train(
    autoencoder: Autoencoder, x: Tensor, steps: int = STEPS, say: Callable[[str], None] = lambda line: None
) -> None:
    """Minimise mean (x − x̂)² over pixels + KL_WEIGHT · mean KL(N(m, s²) ‖ N(0, 1)) over latent values.

    x:   (N, channels, 32, 32) scaled images
    say: gets a line every 500 steps
    """
    optimiser = torch.optim.AdamW(autoencoder.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    decay = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for step in rehearsal.steps(range(steps), steps):
        batch = x[torch.randint(len(x), (BATCH,))]
        mean, log_variance = autoencoder.posterior(batch)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
        error = (autoencoder.decoder(z) - batch).square().mean()
        (error + KL_WEIGHT * kl).backward()
        optimiser.step()
        optimiser.zero_grad()
        decay.step()
        if (step + 1) % 500 == 0:
            say(f"step {step + 1}: error {float(error.detach()):.4f}, KL {float(kl.detach()):.3f} nats")
    autoencoder.eval()

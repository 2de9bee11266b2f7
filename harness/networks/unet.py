"""A U-Net of residual blocks with adaptive group norm, and attention at chosen resolutions.

After ADM (Dhariwal & Nichol 2021, arXiv:2105.05233, section 3), with the strided convolutions of DDPM
(arXiv:2006.11239) between resolutions. With c = MLP(embedding(λ)) + label embedding, a block is

    scale, shift = linear(silu(c))
    h ← skip(h) + conv(silu((1 + scale) ⊙ norm(conv(silu(norm(h)))) + shift))

and where its resolution asks for it, h ← h + attention(norm(h)). There is no dropout, which the papers train small data
with: its random numbers would be no function of seed and step, and an interrupted run could not go on bit for bit.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from harness.networks.embedding import LogSNREmbedding
from harness.networks.network import Network

HEAD_WIDTH = 64


class UNet(Network):
    """x (B, channels, side, side), λ (B,), label (B,) → the shape of x.

    width:       channels of the first resolution; the condition c has four times as many
    multipliers: channels of each resolution, in units of `width`; the side is halved from one to the next
    blocks:      residual blocks at each resolution on the way down; one more on the way up
    attention:   sides at which blocks have attention

    Label `classes` stands for "no label". The last layer of each block, the output layer and the skip s(λ)·x from input
    to output (see `mlp`) start at zero, so the untrained network returns 0. Labels have unit variance, as there.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        classes: int,
        width: int,
        multipliers: tuple[int, ...],
        blocks: int,
        attention: tuple[int, ...],
    ) -> None:
        super().__init__()
        channels, side, other = shape
        if side != other or side % 2 ** (len(multipliers) - 1):
            raise ValueError(f"a U-Net of {len(multipliers)} resolutions halves a square's side each time, not {shape}")
        self.logsnr = LogSNREmbedding()
        self.logsnr_in = nn.Linear(self.logsnr.width, 4 * width)
        self.logsnr_out = nn.Linear(4 * width, 4 * width)
        self.label = nn.Embedding(classes + 1, 4 * width)

        def block(before: int, after: int, side: int) -> Block:
            return Block(before, after, 4 * width, side in attention)

        self.into = nn.Conv2d(channels, width, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        current, skip_widths = width, [width]
        for level, multiplier in enumerate(multipliers):
            if level:
                self.down.append(Downsample(current))
                side //= 2
                skip_widths.append(current)
            for _ in range(blocks):
                self.down.append(block(current, multiplier * width, side))
                current = multiplier * width
                skip_widths.append(current)
        self.middle = nn.ModuleList(Block(current, current, 4 * width, mixed) for mixed in (True, False))
        for level, multiplier in reversed(list(enumerate(multipliers))):
            for _ in range(blocks + 1):
                self.up.append(block(current + skip_widths.pop(), multiplier * width, side))
                current = multiplier * width
            if level:
                self.up.append(Upsample(current))
                side *= 2
        self.norm = _group_norm(current)
        self.out = _zeroed(nn.Conv2d(current, channels, 3, padding=1))
        self.skip = _zeroed(nn.Linear(4 * width, 1))

    def forward(self, x: Tensor, logsnr: Tensor, label: Tensor) -> Tensor:
        seen = self.logsnr_out(F.silu(self.logsnr_in(self.logsnr(logsnr)))) + self.label(label)
        condition = F.silu(seen)
        hidden = self.into(x)
        skips = [hidden]
        for layer in self.down:
            hidden = layer(hidden, condition)
            skips.append(hidden)
        for layer in self.middle:
            hidden = layer(hidden, condition)
        for layer in self.up:
            if isinstance(layer, Block):
                hidden = torch.cat([hidden, skips.pop()], dim=1)
            hidden = layer(hidden, condition)
        output = self.out(F.silu(self.norm(hidden)))
        return torch.addcmul(output, self.skip(condition)[:, :, None, None], x)


class Block(nn.Module):
    """Residual block, (B, before, side, side) → (B, after, side, side)."""

    def __init__(self, before: int, after: int, condition: int, attention: bool) -> None:
        super().__init__()
        self.norm_in = _group_norm(before)
        self.conv_in = nn.Conv2d(before, after, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * after)
        self.norm_out = _group_norm(after)
        self.conv_out = _zeroed(nn.Conv2d(after, after, 3, padding=1))
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()
        self.attention = Attention(after) if attention else nn.Identity()

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        """condition: silu(c), (B, 4·width)"""
        inner = self.norm_out(self.conv_in(F.silu(self.norm_in(hidden))))
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, dim=1)
        inner = self.conv_out(F.silu(torch.addcmul(shift, inner, 1 + scale)))
        mixed: Tensor = self.attention(self.skip(hidden) + inner)
        return mixed


class Attention(nn.Module):
    """h + attention between all places of the image, in heads of 64 channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // HEAD_WIDTH)
        self.norm = _group_norm(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.mixed = _zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, hidden: Tensor) -> Tensor:
        places = self.qkv(self.norm(hidden)).flatten(2).unflatten(1, (3, self.heads, -1))
        # (B, heads, places, channels of a head): the layout that the fast kernels take.
        query, key, value = places.permute(1, 0, 2, 4, 3)
        attended = F.scaled_dot_product_attention(query, key, value)
        return hidden + self.mixed(attended.transpose(2, 3).reshape(hidden.shape))


class Downsample(nn.Module):
    """Half the side, by a convolution of stride 2."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        halved: Tensor = self.conv(hidden)
        return halved


class Upsample(nn.Module):
    """Twice the side: every value four times, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, hidden: Tensor, condition: Tensor) -> Tensor:
        doubled: Tensor = self.conv(F.interpolate(hidden, scale_factor=2.0, mode="nearest"))
        return doubled


def _group_norm(channels: int) -> nn.GroupNorm:
    """At most 32 groups, of at least four channels."""
    return nn.GroupNorm(min(32, channels // 4), channels)


def _zeroed(layer: nn.Conv2d | nn.Linear) -> nn.Conv2d | nn.Linear:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


CONFIGURATIONS = {
    "mnist": {"width": 32, "multipliers": (1, 2, 2), "blocks": 1, "attention": (8,)},
    "cifar10": {"width": 128, "multipliers": (1, 2, 2, 2), "blocks": 2, "attention": (16,)},
}


def unet(shape: tuple[int, ...], classes: int, configuration: str) -> UNet:
    """The U-Net of that name: "mnist" for 32×32 in grey, "cifar10" for 32×32 in colour."""
    return UNet(shape, classes, **CONFIGURATIONS[configuration])  # type: ignore[arg-type]

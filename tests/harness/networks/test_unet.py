"""The U-Net against diffusers' blocks, its parameter counts, and what every network promises."""

import copy

import pytest
import torch
from diffusers.models.attention_processor import Attention as TheirAttention
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.unets.unet_2d import UNet2DModel
from torch import nn

from harness.networks.unet import CONFIGURATIONS, Attention, Block, UNet, unet

TINY = {"width": 16, "multipliers": (1, 2), "blocks": 1, "attention": (4,)}


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def randomised(network):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter[0].numel() ** 0.5)
    return network


def inputs(shape=(3, 8, 8), batch=3):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, *shape, generator=generator), torch.linspace(-5, 5, batch), torch.arange(batch)


@pytest.mark.parametrize(("name", "low", "high"), [("mnist", 1.0, 1.5), ("cifar10", 30.0, 40.0)])
def test_size_and_parameters_are_those_of_diffusers_unet(name, low, high):
    chosen, channels = CONFIGURATIONS[name], 3 if name == "cifar10" else 1
    width, sides = chosen["width"], [32 // 2**level for level in range(len(chosen["multipliers"]))]
    kinds = ["Attn" if side in chosen["attention"] else "" for side in sides]
    with torch.device("meta"):
        ours = unet((channels, 32, 32), 10, name)
        theirs = UNet2DModel(
            sample_size=32,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=[width * multiplier for multiplier in chosen["multipliers"]],
            layers_per_block=chosen["blocks"],
            down_block_types=[f"{kind}DownBlock2D" for kind in kinds],
            up_block_types=[f"{kind}UpBlock2D" for kind in kinds[::-1]],
            downsample_type="conv",
            upsample_type="conv",
            attention_head_dim=None,
            norm_num_groups=8,
            attn_norm_num_groups=8,
            resnet_time_scale_shift="scale_shift",
            num_class_embeds=11,
        )
    embedding = (width - ours.logsnr.width) * 4 * width
    assert parameters(ours) - parameters(ours.skip) == parameters(theirs) - embedding
    assert low < parameters(ours) / 1e6 < high


@pytest.mark.parametrize("after", [32, 48])
def test_block_is_diffusers_block(after):
    ours = randomised(Block(32, after, condition=20, attention=False))
    theirs = ResnetBlock2D(
        in_channels=32,
        out_channels=after,
        temb_channels=20,
        groups=8,
        groups_out=after // 4,
        eps=1e-5,
        time_embedding_norm="scale_shift",
    )
    names = {
        "norm_in": "norm1",
        "conv_in": "conv1",
        "modulation": "time_emb_proj",
        "norm_out": "norm2",
        "conv_out": "conv2",
    }
    for mine, name in names.items():
        getattr(theirs, name).load_state_dict(getattr(ours, mine).state_dict())
    if after != 32:
        theirs.conv_shortcut.load_state_dict(ours.skip.state_dict())
    x, condition = torch.randn(2, 32, 8, 8), torch.randn(2, 20)
    expected = theirs(x, condition)
    torch.testing.assert_close(ours(x, nn.functional.silu(condition)), expected, rtol=1e-4, atol=1e-5)


def test_attention_is_diffusers_attention():
    ours = randomised(Attention(128))
    assert ours.heads == 2
    theirs = TheirAttention(
        128, heads=2, dim_head=64, norm_num_groups=32, eps=1e-5, bias=True, residual_connection=True
    )
    theirs.group_norm.load_state_dict(ours.norm.state_dict())
    with torch.no_grad():
        for part, layer in enumerate((theirs.to_q, theirs.to_k, theirs.to_v)):
            layer.weight.copy_(ours.qkv.weight.chunk(3)[part][:, :, 0, 0])
            layer.bias.copy_(ours.qkv.bias.chunk(3)[part])
        theirs.to_out[0].weight.copy_(ours.mixed.weight[:, :, 0, 0])
        theirs.to_out[0].bias.copy_(ours.mixed.bias)
    x = torch.randn(2, 128, 4, 4)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)


def test_untrained_network_returns_zero_and_every_parameter_learns():
    network = UNet((3, 8, 8), 3, **TINY)
    x, logsnr, label = inputs(batch=4)
    assert torch.equal(network(x, logsnr, label), torch.zeros_like(x))
    before = copy.deepcopy(network.state_dict())
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.0)
    for _ in range(4):
        (network(x, logsnr, label) - x.flip(0)).square().mean().backward()
        optimiser.step()
        optimiser.zero_grad()
    unchanged = [name for name, value in network.state_dict().items() if torch.equal(value, before[name])]
    assert unchanged == []


def test_output_depends_on_logsnr_and_on_label():
    network = randomised(UNet((3, 8, 8), 3, **TINY))
    x = inputs(batch=1)[0]
    low, high, one, two = (torch.tensor([value]) for value in (-3.0, 3.0, 1, 2))
    base = network(x, low, one)
    assert (network(x, high, one) - base).abs().max() > 1e-2
    assert (network(x, low, two) - base).abs().max() > 1e-2
    torch.testing.assert_close(network.at_one_logsnr(x, low[0], one), base)


def test_attention_is_at_the_sides_asked_for_and_in_the_middle():
    network = UNet((1, 16, 16), 10, width=16, multipliers=(1, 1, 1), blocks=1, attention=(8,))
    sides = []
    for module in network.modules():
        if isinstance(module, Attention):
            module.register_forward_pre_hook(lambda _, arguments: sides.append(arguments[0].shape[-1]))
    network(*inputs(shape=(1, 16, 16)))
    assert sides == [8, 4, 8, 8]


@pytest.mark.parametrize("shape", [(1, 9, 9), (1, 8, 16)])
def test_images_that_cannot_be_halved_are_refused(shape):
    with pytest.raises(ValueError, match="2 resolutions"):
        UNet(shape, 3, **TINY)

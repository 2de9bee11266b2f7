"""The DiT against the paper's figures and against diffusers' implementation."""

import copy

import pytest
import torch
from diffusers.models import DiTTransformer2DModel
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.utils.flop_counter import FlopCounterMode

from harness.networks.dit import CONFIGURATIONS, DiT, dit, images, patches

LATENT, CLASSES = (4, 32, 32), 1000
TINY = {"depth": 2, "hidden": 32, "heads": 4, "patch": 2}

# arXiv:2212.09748, table 4: millions of parameters and Gflops (multiply-adds) at 256×256 pixels.
PUBLISHED = {
    "S/2": (33, 6.06), "S/4": (33, 1.41), "S/8": (33, 0.36),
    "B/2": (130, 23.01), "B/4": (130, 5.56), "B/8": (131, 1.42),
    "L/2": (458, 80.71), "L/4": (458, 19.70), "L/8": (459, 5.01),
    "XL/2": (675, 118.64), "XL/4": (675, 29.05), "XL/8": (676, 7.39),
}  # fmt: skip


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def randomised(network, seed=0):
    """The same network with nothing left at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / parameter.shape[-1] ** 0.5)
    return network


def inputs(batch=3, shape=(3, 8, 8), classes=10):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(batch, *shape, generator=generator)
    return x, torch.linspace(-5, 5, batch), torch.arange(batch) % (classes + 1)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_parameters_are_those_published(name):
    with torch.device("meta"):
        network = dit(LATENT, CLASSES, name)
    millions, patch, hidden = PUBLISHED[name][0], network.patch, network.position.shape[1]
    # The paper's has a timestep embedding 256 wide, not 32, and four more output channels, for variances; no skip.
    differences = (256 - 32) * hidden + 4 * patch**2 * (hidden + 1) - (hidden + 1)
    assert round((parameters(network) + differences) / 1e6) == millions
    if patch == 2:
        assert round(parameters(network) / 1e6) == millions


@pytest.mark.parametrize("name", ["S/2", "XL/2"])
def test_operations_are_those_published(name):
    with torch.device("meta"):
        network = dit(LATENT, CLASSES, name)
        example = torch.zeros(1, *LATENT), torch.zeros(1), torch.zeros(1, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        network(*example)
    assert counter.get_total_flops() / 2e9 == pytest.approx(PUBLISHED[name][1], rel=0.02)


class Given(nn.Module):
    """Hands diffusers' blocks a condition that was computed elsewhere."""

    condition = None

    def forward(self, timestep, labels, hidden_dtype=None):
        return self.condition


def as_diffusers(network, shape, heads):
    """diffusers' DiT with the weights of ours; the condition comes from `Given`, the skip is left out."""
    channels, side, _ = shape
    hidden, patch = network.position.shape[1], network.patch
    theirs = DiTTransformer2DModel(
        num_attention_heads=heads,
        attention_head_dim=hidden // heads,
        in_channels=channels,
        num_layers=len(network.blocks),
        sample_size=side,
        patch_size=patch,
        num_embeds_ada_norm=10,
        norm_eps=1e-6,
    ).eval()
    theirs.given = Given()
    with torch.no_grad():
        theirs.pos_embed.proj.weight.copy_(network.into.weight.unflatten(1, (channels, patch, patch)))
        theirs.pos_embed.proj.bias.copy_(network.into.bias)
        theirs.proj_out_1.load_state_dict(network.modulation.state_dict())
        for ours, mine in ((theirs.proj_out_2.weight, network.out.weight), (theirs.proj_out_2.bias, network.out.bias)):
            ours.copy_(mine.unflatten(0, (channels, patch**2)).transpose(0, 1).flatten(0, 1))
        for block, ours in zip(theirs.transformer_blocks, network.blocks, strict=True):
            block.norm1.emb = theirs.given
            block.norm1.linear.load_state_dict(ours.modulation.state_dict())
            attention = block.attn1
            for part, layer in enumerate((attention.to_q, attention.to_k, attention.to_v)):
                layer.weight.copy_(ours.qkv.weight.chunk(3)[part])
                layer.bias.copy_(ours.qkv.bias.chunk(3)[part])
            attention.to_out[0].load_state_dict(ours.mixed.state_dict())
            block.ff.net[0].proj.load_state_dict(ours.up.state_dict())
            block.ff.net[2].load_state_dict(ours.down.state_dict())
    return theirs


def test_same_function_as_diffusers_and_as_many_parameters():
    network = randomised(DiT((3, 8, 8), 10, **TINY))
    nn.init.zeros_(network.skip.weight)
    nn.init.zeros_(network.skip.bias)
    theirs = as_diffusers(network, (3, 8, 8), heads=4)
    x, logsnr, label = inputs()
    with torch.inference_mode():
        theirs.given.condition = network.condition(logsnr, label)
        expected = theirs(x, timestep=logsnr, class_labels=label).sample
        torch.testing.assert_close(network(x, logsnr, label), expected, rtol=1e-4, atol=1e-5)
    assert float(expected.std()) > 0.1
    conditioning = [network.logsnr_in, network.logsnr_out, network.label, network.skip]
    assert parameters(network) - sum(parameters(part) for part in conditioning) == parameters(theirs)


def test_untrained_network_returns_zero_and_every_parameter_learns():
    network = DiT((3, 8, 8), 10, **TINY)
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
    network = randomised(DiT((3, 8, 8), 10, **TINY))
    x, _, _ = inputs(batch=1)
    low, high, one, two = (torch.tensor([value]) for value in (-3.0, 3.0, 1, 2))
    base = network(x, low, one)
    assert (network(x, high, one) - base).abs().max() > 1e-2
    assert (network(x, low, two) - base).abs().max() > 1e-2
    torch.testing.assert_close(network.at_one_logsnr(x, low[0], one), base)


def test_skip_adds_a_multiple_of_the_input():
    network = DiT((3, 8, 8), 10, **TINY)
    nn.init.constant_(network.skip.bias, 0.5)
    x, logsnr, label = inputs()
    torch.testing.assert_close(network(x, logsnr, label), 0.5 * x)


def test_patches_are_squares_of_the_image_row_by_row():
    x = inputs(shape=(3, 8, 8))[0]
    cut = patches(x, 4)
    assert cut.shape == (3, 4, 48)
    assert torch.equal(cut[0, 1].view(3, 4, 4), x[0, :, :4, 4:])
    assert torch.equal(images(cut, 4), x)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_networks_of_one_shape_run_together_under_vmap():
    """Several runs at once: forward and gradient of stacked networks are those of each one alone.

    On a CPU attention has no batching rule and falls back to a loop, with a warning.
    """
    networks = [randomised(DiT((1, 8, 8), 10, **TINY), seed) for seed in (1, 2, 3)]
    stacked, buffers = stack_module_state(networks)
    skeleton = copy.deepcopy(networks[0]).to("meta")
    x, logsnr, label = inputs(batch=2, shape=(1, 8, 8))

    def loss(weights, fixed):
        return functional_call(skeleton, (weights, fixed), (x, logsnr, label)).square().mean()

    together = vmap(grad(loss))(stacked, buffers)
    for row, network in enumerate(networks):
        network(x, logsnr, label).square().mean().backward()
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(together[name][row], parameter.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("shape", [(1, 9, 9), (1, 8, 16)])
def test_images_that_cannot_be_cut_are_refused(shape):
    with pytest.raises(ValueError, match="patches of 2"):
        DiT(shape, 10, **TINY)

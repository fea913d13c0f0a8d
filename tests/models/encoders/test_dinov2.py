import math

import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.dinov2_encoder import DinoV2, DinoV2Shape, load_dinov2, positions_on_grid
from partly.models.encoders.imagenet_pixels import imagenet_normalised
from tests.models.encoders.contract import RepresentationContract, photos

TINY = DinoV2Shape(width=24, depth=4, n_heads=3, n_registers=2, grid=5, image_size_px=56)


def tiny(shape=TINY):
    """Random weights; nothing is left at zero or one, where it begins."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DinoV2(shape)
        for p in network.parameters():
            p.data.add_(0.1 * torch.randn_like(p))
    network.digest = "0" * 64
    return network.eval().requires_grad_(False)


class TestContract(RepresentationContract):
    share_in_place = 0.5

    @pytest.fixture
    def representation(self):
        return tiny()


def naive_tokens(weights, n_heads, images):
    """The tokens of patches after each block, head by head, with the whole matrix of attention.

    Args:
        weights: under the authors' names.
        n_heads: of attention.
        images: normalised photos with as many patches as there are positions.
    """
    width = weights["cls_token"].shape[2]
    depth = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    patches = [
        images[:, :, 14 * y : 14 * y + 14, 14 * x : 14 * x + 14].flatten(1)
        @ weights["patch_embed.proj.weight"].flatten(1).T
        + weights["patch_embed.proj.bias"]
        for y in range(images.shape[2] // 14)
        for x in range(images.shape[3] // 14)
    ]
    n_patches = len(patches)
    tokens = torch.stack(patches, 1)
    placed = torch.cat([weights["cls_token"].expand(len(images), -1, -1), tokens], 1) + weights["pos_embed"]
    registers = weights.get("register_tokens", placed[:1, :0]).expand(len(images), -1, -1)
    x = torch.cat([placed[:, :1], registers, placed[:, 1:]], 1)
    found = []
    for i in range(depth):
        own = {n.removeprefix(f"blocks.{i}."): w for n, w in weights.items() if n.startswith(f"blocks.{i}.")}
        y = norm(x, own["norm1.weight"], own["norm1.bias"])
        mixed = y @ own["attn.qkv.weight"].T + own["attn.qkv.bias"]
        heads = []
        for head in range(n_heads):
            first, n = head * width // n_heads, width // n_heads
            at = [slice(k * width + first, k * width + first + n) for k in range(3)]
            query, key, value = (mixed[..., one] for one in at)
            share = (query @ key.transpose(1, 2) / math.sqrt(width / n_heads)).softmax(-1)
            heads.append(share @ value)
        y = torch.cat(heads, -1) @ own["attn.proj.weight"].T + own["attn.proj.bias"]
        x = x + own["ls1.gamma"] * y
        y = norm(x, own["norm2.weight"], own["norm2.bias"]) @ own["mlp.fc1.weight"].T + own["mlp.fc1.bias"]
        y = y * 0.5 * (1 + torch.erf(y / math.sqrt(2)))
        x = x + own["ls2.gamma"] * (y @ own["mlp.fc2.weight"].T + own["mlp.fc2.bias"])
        found.append(norm(x[:, -n_patches:], weights["norm.weight"], weights["norm.bias"]))
    return found


def seen(images):
    """Photos in [-1, 1] in the units of ImageNet."""
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((images / 2 + 0.5) - mean[:, None, None]) / deviation[:, None, None]


def norm(x, weight, bias):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-6).sqrt() * weight + bias


def test_against_the_equations():
    network = tiny()
    images = photos(network, 2, (70, 70))
    pyramid = network.read(images)
    wanted = naive_tokens(network.state_dict(), network.shape.n_heads, seen(images))
    for maps, tokens in zip(pyramid.maps, wanted[1:], strict=True):
        torch.testing.assert_close(maps.flatten(2).transpose(1, 2), tokens, rtol=1e-4, atol=1e-5)


def test_levels_are_at_the_last_three_quarters_of_the_depth():
    with torch.device("meta"):
        small, large = DinoV2(DinoV2Shape()), DinoV2(DinoV2Shape(1024, 24, 16, 4))
    assert [(n.name, n.size_px, n.n_channels) for n in small.levels] == [
        (f"block {i}", 32, 384) for i in (6, 9, 12)
    ]
    assert [n.name for n in large.levels] == ["block 12", "block 18", "block 24"]


@pytest.mark.parametrize(
    ("shape", "millions"),
    [
        (DinoV2Shape(), 22.056),
        (DinoV2Shape(768, 12, 12), 86.580),
        (DinoV2Shape(1024, 24, 16), 304.367),
        (DinoV2Shape(n_registers=4), 22.058),
    ],
)
def test_as_many_parameters_as_published(shape, millions):
    """Table 17 of the paper, without the token that stands in for hidden patches in training."""
    with torch.device("meta"):
        network = DinoV2(shape)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.001)


def cubic(x, a=-0.75):
    """Keys' kernel; torch takes a = -0.75, and -0.5 where it smooths."""
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0.0


def naively_placed(row, n_out, scale):
    """Positions of one row, one after the other; the edge is repeated outwards."""
    found = []
    for i in range(n_out):
        at = (i + 0.5) / scale - 0.5
        near = range(math.floor(at) - 1, math.floor(at) + 3)
        found.append(sum(cubic(at - k) * row[min(max(k, 0), len(row) - 1)] for k in near))
    return torch.stack(found)


@pytest.mark.parametrize(("how", "more"), [("sized", 0.0), ("offset", 0.1)])
def test_positions_on_another_grid(how, more):
    learned = torch.randn(1, 25, 3, generator=torch.Generator().manual_seed(1))
    found = positions_on_grid(learned, 7, 4, how)
    rows = learned[0].view(5, 5, 3)
    tall = torch.stack([naively_placed(rows[:, x], 7, (7 + more) / 5) for x in range(5)], 1)
    wanted = torch.stack([naively_placed(tall[y], 4, (4 + more) / 5) for y in range(7)])
    torch.testing.assert_close(found[0].permute(1, 2, 0), wanted, rtol=1e-4, atol=1e-5)


def test_antialiased_positions_are_smoothed_where_the_grid_shrinks():
    """Keys' kernel with a = -0.5, twice as wide at half the size, over what lies within the grid."""
    learned = torch.randn(1, 256, 3, generator=torch.Generator().manual_seed(1))
    at = torch.arange(8)[:, None] * 2 + 1
    weights = ((torch.arange(16) + 0.5 - at) / 2).apply_(lambda x: cubic(x, -0.5))
    weights /= weights.sum(1, keepdim=True)
    wanted = torch.einsum("ik,jl,klc->cij", weights, weights, learned[0].view(16, 16, 3))
    found = positions_on_grid(learned, 8, 8, "antialiased")[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("how", ["sized", "offset", "antialiased"])
def test_positions_on_their_own_grid_are_untouched(how):
    learned = torch.randn(1, 25, 3)
    assert torch.equal(positions_on_grid(learned, 5, 5, how)[0], learned[0].T.view(3, 5, 5))


def test_registers_count():
    with_registers = tiny()
    images = photos(with_registers, 1)
    before = with_registers.read(images).maps[-1]
    with_registers.register_tokens.data[:, 0] *= -1
    assert (with_registers.read(images).maps[-1] - before).abs().max() > 1e-3


def test_pixels_of_imagenet():
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 2 - 1
    assert imagenet_normalised(mean.expand(2, 3, 4, 5)).abs().max() < 1e-6
    white = imagenet_normalised(torch.ones(1, 3, 1, 1)).flatten()
    torch.testing.assert_close(white, torch.tensor([2.2489, 2.4286, 2.64]), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"width": 25}, "25 channels for 6 heads; expected a multiple of them"),
        ({"depth": 6}, "6 blocks; expected a multiple of 4"),
        ({"grid": 0}, "grid 0; expected positive numbers"),
        ({"n_registers": -1}, "-1 registers"),
        ({"positions": "round"}, "positions are 'round'; expected one of sized, offset, antialiased"),
        ({"image_size_px": 450}, "photos of 450 px; expected a multiple of 14"),
    ],
)
def test_shapes_that_cannot_be(arguments, text):
    with pytest.raises(BadOption, match=text):
        DinoV2Shape(**arguments)


def test_another_kind_of_folder(generator_folder):
    with pytest.raises(BadModelFile, match="is a model of kind 'generator/"):
        load_dinov2(generator_folder)


def test_attention_needs_no_whole_matrix(monkeypatch):
    """So that 3,136 patches fit into memory, it is left to the routine that goes through it in pieces."""
    shapes = []
    own = F.scaled_dot_product_attention

    def watched(*qkv):
        shapes.append(qkv[0].shape)
        return own(*qkv)

    monkeypatch.setattr(F, "scaled_dot_product_attention", watched)
    network = tiny()
    network.read(photos(network, 1))
    assert shapes == [(1, 3, 1 + 2 + 16, 8)] * 4

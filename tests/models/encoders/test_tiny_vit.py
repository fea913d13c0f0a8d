import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.tiny_vit_encoder import TinyViT, TinyViTShape, WindowBlock, load_tiny_vit
from tests.models.encoders.contract import RepresentationContract

TINY = TinyViTShape((8, 8, 12, 16), (1, 1, 2, 1), (1, 2, 3, 4), (2, 3, 2, 3), 10, 64)


def tiny():
    """Random weights; nothing is left at zero or one, where it begins."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = TinyViT(TINY)
        for p in network.parameters():
            p.data.add_(0.1 * torch.randn_like(p))
    network.digest = "0" * 64
    return network.eval().requires_grad_(False)


class TestContract(RepresentationContract):
    @pytest.fixture
    def representation(self):
        return tiny()


def test_levels_from_coarse_to_fine():
    with torch.device("meta"):
        network = TinyViT(TinyViTShape())
    assert [(n.name, n.size_px, n.n_channels) for n in network.levels] == [
        ("stage 3", 64, 160),
        ("stage 4", 64, 320),
        ("neck", 64, 256),
        ("stage 2", 128, 128),
        ("stage 1", 256, 64),
    ]


def naively_seen(cells, attention, window):
    """Attention of one window ``{(row, column): channels}``, pair by pair."""
    weights = attention.state_dict()
    width = weights["norm.weight"].shape[0]
    head_width = width // attention.n_heads
    normal = {}
    for place, x in cells.items():
        centred = x - x.mean()
        scaled = centred / (centred.square().mean() + 1e-5).sqrt()
        y = scaled * weights["norm.weight"] + weights["norm.bias"]
        normal[place] = weights["qkv.weight"] @ y + weights["qkv.bias"]
    found = {}
    for here in cells:
        heads = []
        for head in range(attention.n_heads):
            # Query, key and value of a head stand together.
            parts = {p: v.view(attention.n_heads, 3, head_width)[head] for p, v in normal.items()}
            score = {}
            for there in cells:
                distance = abs(here[0] - there[0]) * window + abs(here[1] - there[1])
                product = parts[here][0] @ parts[there][1] / head_width**0.5
                score[there] = product + weights["attention_biases"][head, distance]
            share = torch.stack(list(score.values())).softmax(0)
            heads.append(sum(s * parts[there][2] for s, there in zip(share, score, strict=True)))
        found[here] = weights["proj.weight"] @ torch.cat(heads) + weights["proj.bias"]
    return found


@pytest.mark.parametrize(("height", "width"), [(3, 3), (4, 5), (2, 7)])
def test_windows_against_a_walk_over_pairs_of_cells(height, width):
    """Windows of 3 x 3 cells from the upper left; cells of zeros fill those at the border."""
    block = tiny().layers[3].blocks[0]
    assert isinstance(block, WindowBlock)
    assert block.window == 3
    maps = torch.randn(1, 16, height, width, generator=torch.Generator().manual_seed(1))
    wanted = torch.zeros_like(maps)
    for top in range(0, height, 3):
        for left in range(0, width, 3):
            cells = {}
            for y in range(3):
                for x in range(3):
                    is_inside = top + y < height and left + x < width
                    cells[y, x] = maps[0, :, top + y, left + x] if is_inside else torch.zeros(16)
            for (y, x), seen in naively_seen(cells, block.attn, 3).items():
                if top + y < height and left + x < width:
                    wanted[0, :, top + y, left + x] = seen
    after = block.local_conv(maps + wanted)
    after = after + block.mlp(after.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    torch.testing.assert_close(block(maps), after, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"depths": (1, 2)}, r"depths of \[1, 2\]; expected 4 positive numbers"),
        ({"windows": (7, 7, 0, 7)}, r"windows of \[7, 7, 0, 7\]; expected 4 positive numbers"),
        ({"n_heads": (2, 4, 6, 10)}, r"channels for \[2, 4, 6, 10\] heads; expected multiples of them"),
        ({"image_size_px": 1000}, "photos of 1000 px; expected a multiple of 16"),
    ],
)
def test_shapes_that_cannot_be(arguments, text):
    with pytest.raises(BadOption, match=text):
        TinyViTShape(**arguments)


def test_another_kind_of_folder(generator_folder):
    with pytest.raises(BadModelFile, match="is a model of kind 'generator/"):
        load_tiny_vit(generator_folder)

import pytest
import torch
import torch.nn.functional as F

from partly.errors import BadModelFile, BadOption
from partly.models.encoders.vgg16_encoder import VGG16, VGG16Shape, load_vgg16
from tests.models.encoders.contract import RepresentationContract, photos

TINY = VGG16Shape((4, 5, 6, 7, 8), 32)


def tiny():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = VGG16(TINY)
        for p in network.parameters():
            # Nothing fades on the way: weights of deviation sqrt(2 / n_in), biases above 0.
            p.data.copy_(torch.randn_like(p) * (2 / p[0].numel()) ** 0.5 if p.ndim == 4 else 0.1 + 0 * p)
    network.digest = "0" * 64
    return network.eval().requires_grad_(False)


class TestContract(RepresentationContract):
    @pytest.fixture
    def representation(self):
        return tiny()


def test_against_the_paper():
    """Configuration D: two, two, three, three and three convolutions, a pooling between the groups."""
    network = tiny()
    images = photos(network, 2, (32, 48))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (images / 2 + 0.5 - mean[:, None, None]) / deviation[:, None, None]
    weights = list(network.state_dict().values())
    wanted = []
    for group, n_layers in enumerate((2, 2, 3, 3, 3)):
        if group:
            x = x.unflatten(2, (-1, 2)).unflatten(4, (-1, 2)).amax((3, 5))
        for _ in range(n_layers):
            weight, bias = weights.pop(0), weights.pop(0)
            x = F.pad(x, (1, 1, 1, 1))
            moved = [
                torch.einsum(
                    "oi,bihw->bohw", weight[:, :, i, j], x[:, :, i : i - 2 or None, j : j - 2 or None]
                )
                for i in range(3)
                for j in range(3)
            ]
            x = (sum(moved) + bias[:, None, None]).clamp(min=0)
        wanted.append(x)
    assert not weights
    for maps, one in zip(network.read(images).maps, wanted[::-1], strict=True):
        torch.testing.assert_close(maps, one, rtol=1e-4, atol=1e-5)


def test_as_large_as_the_paper_says():
    with torch.device("meta"):
        network = VGG16(VGG16Shape())
    assert sum(p.numel() for p in network.parameters()) == 14_714_688
    assert [(n.name, n.size_px, n.n_channels) for n in network.levels] == [
        ("conv5_3", 28, 512),
        ("conv4_3", 56, 512),
        ("conv3_3", 112, 256),
        ("conv2_2", 224, 128),
        ("conv1_2", 448, 64),
    ]


def test_shapes_that_cannot_be(generator_folder):
    with pytest.raises(BadOption, match=r"groups of \[1, 2\] channels; expected 5 positive numbers"):
        VGG16Shape((1, 2))
    with pytest.raises(BadOption, match="photos of 40 px; expected a multiple of 16"):
        VGG16Shape(image_size_px=40)
    with pytest.raises(BadModelFile, match="is a model of kind 'generator/"):
        load_vgg16(generator_folder)

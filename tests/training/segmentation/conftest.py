import pytest
import torch

from partly.data.labels.part_sets import Part, PartSet
from partly.models.networks.architectures import UNet
from partly.models.networks.auto_shot_network import AutoShotNetwork
from partly.training.segmentation.labelled_pictures import ArrayPictures

PARTS = PartSet(
    (Part("background", (0, 0, 0)), Part("left", (255, 0, 0), "right"), Part("right", (0, 255, 0), "left"))
)


@pytest.fixture
def part_set():
    return PARTS


def coloured_pictures(n, seed=0, size_px=32):
    """Pictures whose parts can be told by colour: dark, red in the left half, green in the right."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros(n, size_px, size_px, dtype=torch.long)
    for i in range(n):
        top, bottom = torch.randint(0, size_px // 3, (2,), generator=generator).tolist()
        ids[i, top : size_px - bottom, size_px // 8 : size_px // 2] = 1
        ids[i, top : size_px - bottom, size_px // 2 : -size_px // 8] = 2
    colours = torch.tensor([[30, 30, 30], [200, 60, 60], [60, 200, 60]])
    noise = torch.randint(-20, 20, (n, 3, size_px, size_px), generator=generator)
    images = (colours[ids].permute(0, 3, 1, 2) + noise).clamp(0, 255).to(torch.uint8)
    logits = torch.nn.functional.one_hot(ids, 3).permute(0, 3, 1, 2).half() * 6
    return ArrayPictures(images, logits)


@pytest.fixture
def pictures():
    return coloured_pictures(24)


@pytest.fixture
def make_network():
    def make(seed=0):
        torch.manual_seed(seed)
        network = AutoShotNetwork("unet-small", PARTS, 32)
        network.body = UNet(3, (4, 6, 8))
        return network

    return make

import numpy as np
import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.losses import perceptual_distance
from partly.models.encoders.lpips_network import LPIPS, LPIPSShape, load_lpips
from partly.models.model_families import ModelFamily

WIDTHS = (2, 3, 4, 5, 6)


def tiny() -> LPIPS:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = LPIPS(LPIPSShape(WIDTHS)).eval().requires_grad_(False)
        for head in network.heads:
            head.normal_()
    return network


def images(seed: int) -> torch.Tensor:
    return torch.rand(1, 3, 32, 48, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def test_it_is_the_papers_formula():
    network = tiny()
    first, second = images(0), images(1)
    found = perceptual_distance(network.read(first), network.read(second), network.weights())
    wanted = 0.0
    levels = zip(network.vgg.read(first).maps, network.vgg.read(second).maps, strict=True)
    for head, (one, other) in zip(reversed(network.heads), levels, strict=True):
        a, b = one[0].double().numpy(), other[0].double().numpy()
        a /= np.sqrt((a**2).sum(axis=0)) + 1e-10
        b /= np.sqrt((b**2).sum(axis=0)) + 1e-10
        weights = np.maximum(head.numpy(), 0)[:, None, None]
        wanted += (weights * (a - b) ** 2).sum(axis=0).mean()
    assert float(found) == pytest.approx(wanted, rel=1e-3)


def test_saved_and_read_is_the_same(tmp_path):
    network = tiny()
    network.save(tmp_path, {})
    again = load_lpips(tmp_path)
    assert again.digest == network.digest
    for one, other in zip(network.read(images(0)), again.read(images(0)), strict=True):
        assert torch.equal(one, other)
    assert [len(weights) for weights in again.weights()] == list(WIDTHS)


def test_other_folders_and_sizes_are_refused(tmp_path):
    network = tiny()
    network.vgg.save(tmp_path, {})
    with pytest.raises(BadModelFile, match="'representation/vgg16'; expected kind 'distance/lpips'"):
        load_lpips(tmp_path)
    with pytest.raises(BadOption, match="multiples of 16"):
        network.read(torch.zeros(1, 3, 20, 32))
    assert isinstance(network, ModelFamily)

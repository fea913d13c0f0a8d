import pytest
import torch

from partly.errors import NotAvailable
from partly.inference.invert.picture_distances import (
    FeatureDistance,
    LPIPSDistance,
    PyramidDistance,
    chosen_distance,
    shown_at,
)
from partly.machine import PROCESSOR
from partly.models.encoders.efficientnet_features import EfficientNetFeatures, EfficientNetShape
from partly.models.encoders.lpips_network import LPIPS, LPIPSShape
from partly.models.encoders.vgg16_encoder import VGG16, VGG16Shape
from partly.models.zoo.downloads import ENCODER, model_folder
from partly.models.zoo.downloads import LPIPS as LPIPS_NAME

TINY = (3, 4, 5, 6, 7)


def tiny_lpips():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return LPIPS(LPIPSShape(TINY)).eval().requires_grad_(False)


def tiny_vgg():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return VGG16(VGG16Shape(TINY, 64)).eval().requires_grad_(False)


def images(n=2, side_px=64, seed=0):
    random = torch.Generator().manual_seed(seed)
    return torch.rand(n, 3, side_px, side_px, generator=random) * 2 - 1


DISTANCES = {
    "lpips": lambda: LPIPSDistance(tiny_lpips(), 64),
    "features": lambda: FeatureDistance(tiny_vgg(), 64),
    "pixels": lambda: PyramidDistance(64),
}


@pytest.mark.parametrize("name", DISTANCES)
@pytest.mark.parametrize("side_px", [6, 16, 64, 100])
def test_every_distance_is_one(name, side_px):
    distance = DISTANCES[name]()
    distance.place(PROCESSOR)
    first, second = images(side_px=side_px), images(side_px=side_px, seed=1)
    one, other = distance.read(first), distance.read(second)
    assert distance.between(one, one).tolist() == [0, 0]
    there, back = distance.between(one, other), distance.between(other, one)
    torch.testing.assert_close(there, back)
    assert (there > 0).all()
    # Nearer pictures are nearer.
    half = distance.between(one, distance.read(first + 0.2 * (second - first)))
    assert (half < there).all()
    alone = distance.between(distance.read(first[1:]), distance.read(second[1:]))
    torch.testing.assert_close(there[1:], alone)
    assert distance.name
    assert isinstance(distance.digest, str)
    # What weighs nothing is not seen.
    weights = torch.zeros(2, 1, side_px, side_px)
    assert distance.between(one, other, weights).tolist() == [0, 0]
    torch.testing.assert_close(distance.between(one, other, weights + 1), there)


@pytest.mark.parametrize("name", DISTANCES)
def test_slopes_are_numbers(name):
    distance = DISTANCES[name]()
    moved = images().requires_grad_()
    far = distance.between(distance.read(moved), distance.read(images(seed=1))).sum()
    (slope,) = torch.autograd.grad(far, moved)
    assert slope.isfinite().all()
    assert slope.abs().max() > 0


def test_sides_at_which_pictures_are_compared():
    assert shown_at(images(side_px=100), 64).shape[-1] == 64
    assert shown_at(images(side_px=100), 90, 16).shape[-1] == 80
    assert shown_at(images(side_px=6), 64, 16, 64).shape[-1] == 64
    whole = images(side_px=64)
    assert torch.equal(shown_at(whole, 128), whole)
    torch.testing.assert_close(shown_at(whole, 32), torch.nn.functional.avg_pool2d(whole, 2))


def test_the_best_that_is_there_is_taken_and_told():
    chosen = chosen_distance("auto", 128)
    assert isinstance(chosen.distance, PyramidDistance)
    assert chosen.distance.compared_px == 128
    assert chosen.note == (
        "Pictures and photos are compared by pixels alone, since LPIPS is not on this machine. It sees "
        "more as people do: partly get lpips."
    )
    EfficientNetFeatures(EfficientNetShape(64)).save(model_folder(ENCODER), {})
    chosen = chosen_distance()
    assert isinstance(chosen.distance, FeatureDistance)
    assert "compared by features of EfficientNet-lite0, since LPIPS" in chosen.note
    tiny_lpips().save(model_folder(LPIPS_NAME), {})
    chosen = chosen_distance()
    assert isinstance(chosen.distance, LPIPSDistance)
    assert chosen.note == ""
    assert len(chosen.distance.digest) == 64
    asked = chosen_distance("pixels")
    assert isinstance(asked.distance, PyramidDistance)
    assert asked.note == ""


def test_what_is_asked_for_and_not_there():
    with pytest.raises(NotAvailable, match=r"'lpips' \(how unlike .* Run: partly get lpips"):
        chosen_distance("lpips")
    with pytest.raises(NotAvailable, match="Run: partly get efficientnet-lite0"):
        chosen_distance("features")

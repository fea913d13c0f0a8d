import pytest
import torch
from experiments.caching_generator import CachingGenerator

from partly.models.generators.latent_sampling import sample_w
from tests.fakes import tiny_generator
from tests.models.generators.contract import GeneratorContract


class Counting:
    """A tiny generator that notes what it is asked for."""

    def __init__(self):
        self._inner = tiny_generator()
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._inner, name)

    def synthesise(self, w, *, features_px=None, images=True):
        self.asked.append((features_px, images))
        return self._inner.synthesise(w, features_px=features_px, images=images)


class TestContract(GeneratorContract):
    @pytest.fixture
    def generator(self):
        return CachingGenerator(tiny_generator())


@pytest.fixture
def counting():
    return Counting()


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.pyramid.maps, other.pyramid.maps, strict=True))


def test_features_are_made_once_and_are_those_of_the_generator(counting):
    caching = CachingGenerator(counting)
    w = sample_w(counting, 0, 0)
    first = caching.synthesise(w, features_px=16, images=False)
    assert same(first, caching.synthesise(w, features_px=16, images=False))
    assert same(first, tiny_generator().synthesise(w, features_px=16, images=False))
    assert counting.asked == [(16, False)]


def test_less_comes_out_of_memory_and_more_is_made_anew(counting):
    caching = CachingGenerator(counting)
    w = sample_w(counting, 0, 0)
    for features_px in (16, 8, 32, 16):
        found = caching.synthesise(w, features_px=features_px, images=False)
        assert same(found, tiny_generator().synthesise(w, features_px=features_px, images=False))
    assert counting.asked == [(16, False), (32, False)]


def test_pictures_are_not_remembered(counting):
    caching = CachingGenerator(counting)
    w = sample_w(counting, 0, 0)
    for _ in range(2):
        assert caching.synthesise(w, features_px=8).images is not None
    assert counting.asked == [(8, True), (8, True)]


def test_the_longest_unused_goes_first(counting):
    latents = [sample_w(counting, 0, i) for i in range(3)]
    one = counting.synthesise(latents[0], features_px=16, images=False)
    counting.asked.clear()
    caching = CachingGenerator(counting, 2 * sum(maps.nbytes for maps in one.pyramid.maps))
    for i in (0, 1, 0, 2, 0, 1):
        caching.synthesise(latents[i], features_px=16, images=False)
    # 0, 1 and 2 are made; 2 pushes 1 out, which is made again.
    assert len(counting.asked) == 4


def test_a_picture_larger_than_the_memory_is_given_all_the_same(counting):
    caching = CachingGenerator(counting, 1)
    w = sample_w(counting, 0, 0)
    assert same(caching.synthesise(w, images=False), counting.synthesise(w, images=False))


def test_features_remembered_in_inference_mode_can_be_learned_from(counting):
    caching = CachingGenerator(counting)
    w = sample_w(counting, 0, 0)
    with torch.inference_mode():
        caching.synthesise(w, features_px=8, images=False)
    maps = caching.synthesise(w, features_px=8, images=False).pyramid.maps[0]
    weight = torch.ones((), requires_grad=True)
    torch.autograd.backward((maps * weight).sum())
    assert weight.grad is not None
    assert weight.grad.item() == pytest.approx(maps.sum().item(), rel=1e-4)

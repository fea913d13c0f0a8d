from __future__ import annotations

import numpy as np
import pytest
import torch

from partly.errors import BadOption
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.models.generators.truncation import Truncation
from partly.studio.live.connected_regions import components, without_fragments
from partly.studio.live.slic_superpixels import _clusters, superpixels
from tests.fakes import tiny_generator


@pytest.mark.parametrize("n", [1, 16, 60, 200])
def test_superpixels_cover_all_are_connected_and_about_as_many_as_asked(n: int) -> None:
    source = GeneratorFeatures(tiny_generator())
    picture = source.plain("proposals", 0, 1, Truncation())
    found = superpixels(source, picture, n)
    assert found.dtype == np.uint16
    assert found.shape == (64, 64)
    assert set(np.unique(found)) == set(range(int(found.max()) + 1))
    assert components(found).max() == found.max(), "each is one component"
    assert 0.6 * n <= found.max() + 1 <= 1.6 * n
    assert np.array_equal(found, superpixels(source, picture, n))


def test_as_many_as_make_sense() -> None:
    source = GeneratorFeatures(tiny_generator())
    picture = source.plain("proposals", 0, 1, Truncation())
    for n in (0, 1025):
        with pytest.raises(BadOption, match=f"{n} superpixels; expected 1 to 1024"):
            superpixels(source, picture, n)


def test_random_numbers_of_the_caller_stay_as_they_are() -> None:
    before = torch.get_rng_state()
    source = GeneratorFeatures(tiny_generator())
    superpixels(source, source.plain("proposals", 0, 1, Truncation()), 20)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (1, 20), (20, 1)])
def test_pictures_that_are_no_squares(shape: tuple[int, int]) -> None:
    source = GeneratorFeatures(tiny_generator())
    found = superpixels(source, source.plain("proposals", 0, 1, Truncation()), 60, shape)
    assert found.shape[0] / found.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.05)
    assert found.size == pytest.approx(64**2, rel=0.03)
    assert components(found).max() == found.max(), "each is one component"
    assert 30 <= found.max() + 1 <= 100


@pytest.mark.parametrize(("height", "width"), [(60, 60), (64, 64), (40, 92), (100, 50), (13, 200)])
def test_clusters_follow_an_edge(height: int, width: int) -> None:
    y, x = np.mgrid[:height, :width]
    edge = x + 0.4 * y > 47
    planes = torch.from_numpy(np.where(edge, 1.0, -1.0).astype(np.float32))[None]
    regions = without_fragments(_clusters(planes, 8).numpy(), 16)
    for region in range(regions.max() + 1):
        inside = edge[regions == region]
        assert inside.all() or not inside.any(), "no region lies on both sides"


def test_components_against_flooding() -> None:
    regions = np.random.default_rng(0).integers(0, 2, (12, 15))
    found = components(regions)
    for y in range(12):
        for x in range(15):
            if found[y, x] == found[0, 0]:
                continue
            flooded = _flooded(regions, y, x)
            assert np.array_equal(found == found[y, x], flooded)


def _flooded(regions: np.ndarray, y: int, x: int) -> np.ndarray:
    inside, open_ = np.zeros(regions.shape, bool), [(y, x)]
    while open_:
        y, x = open_.pop()
        if inside[y, x]:
            continue
        inside[y, x] = True
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            is_there = 0 <= near[0] < regions.shape[0] and 0 <= near[1] < regions.shape[1]
            if is_there and regions[near] == regions[y, x]:
                open_.append(near)
    return inside


def test_fragments_join_the_neighbour_with_the_longest_border() -> None:
    regions = np.zeros((6, 8), int)
    regions[:, 4:] = 1
    regions[2:4, 3] = 2  # a border of 2 + 1 + 1 to the left, of 2 to the right
    assert np.array_equal(without_fragments(regions, 3), np.where(np.arange(8) < 4, 0, 1) + regions * 0)


def test_parts_of_a_region_that_are_large_enough_become_two() -> None:
    regions = np.zeros((4, 9), int)
    regions[:, 4] = 1
    assert without_fragments(regions, 4).max() == 2
    assert without_fragments(regions, 100).max() == 0, "all are fragments: one remains"
    assert without_fragments(np.zeros((3, 3), int), 100).max() == 0

import numpy as np
import pytest
import torch
from experiments.scoring import (
    by_network,
    by_segmenter,
    over_draws,
    part_figures,
    photo_figures,
    unseen_figures,
)
from experiments.studies.faces import AnnotatorAsNetwork

from partly.data.labels.part_sets import PartSet
from tests.experiments.conftest import FakeAnnotator


def test_the_truth_agrees_with_itself(bench):
    figures = unseen_figures(lambda picture: picture.truth, bench.unseen())
    assert (figures["pooled"], figures["per_picture"], figures["spread"]) == (100, 100, 0)
    assert figures["n_pictures"] == 3
    assert figures["parts"]["nose"] == 100


def test_a_segmenter_and_a_network_are_asked_alike(bench):
    predict = by_segmenter(bench.generator, bench.teacher(1, 0).segmenter, 64)
    assert predict(bench.unseen()[0]).shape == (64, 64)
    found = by_network(AnnotatorAsNetwork(FakeAnnotator(), 64))(bench.unseen()[0])
    assert found.shape == (64, 64)
    assert set(np.unique(found)) == set(range(10))


def test_photos_are_scored_at_one_size(bench):
    figures = photo_figures(AnnotatorAsNetwork(FakeAnnotator(), 32), bench.photos(), 16)
    assert figures["n_pictures"] == 2
    assert 0 < figures["pooled"] < 100


def test_one_part_alone():
    parts = PartSet.from_names(("rest", "shape"))
    truth = np.zeros((4, 4), np.uint8)
    truth[:2] = 1
    half = truth.copy()
    half[0] = 0
    none = np.zeros_like(truth)
    figures = part_figures([("a", half, truth), ("b", truth, truth), ("c", none, none)], parts, "shape")
    assert figures == {"pooled": 75.0, "per_picture": 75.0, "spread": 25.0, "n_pictures": 2}
    assert part_figures([("c", none, none)], parts, "shape")["pooled"] is None


def test_means_over_draws():
    each = [
        {"pooled": 70.0, "parts": {"nose": 80.0, "ear": None}, "n": 40, "name": "x"},
        {"pooled": 74.0, "parts": {"nose": 90.0, "ear": 10.0}, "n": 40, "name": "x"},
    ]
    mean = over_draws(each)
    assert mean == {
        "pooled": 72.0,
        "parts": {"nose": 85.0, "ear": 10.0},
        "n": 40,
        "name": "x",
        "draws_spread": 2.0,
        "pooled_each": [70.0, 74.0],
    }
    assert over_draws(each[:1])["draws_spread"] is None
    assert over_draws([{"pooled": None}, {"pooled": 1.0}])["pooled"] == pytest.approx(1.0)


def test_the_parser_sees_photos_at_its_own_size_however_far_they_are_reduced():
    asked = []

    class Watched(FakeAnnotator):
        def parse_ids(self, images, size_px, **options):
            asked.append((images.shape[-1], size_px, options))
            return super().parse_ids(images, size_px, **options)

    assert AnnotatorAsNetwork(Watched(), 32)(torch.zeros(1, 3, 32, 32)).shape == (1, 10, 32, 32)
    # Nothing is said of the size that it sees: it is the one that it was trained for.
    assert asked == [(32, 32, {})]

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import Part, PartSet
from partly.errors import BadOption
from partly.fewshot.features.generator_features import GeneratorFeatures, latent_of
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.spatial_prior import layout_of, squared_distances
from partly.fewshot.segmenters.segmenter_base import LAYOUT_PX
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator

MIDDLE = LAYOUT_PX // 2


def _annotation(label_map: np.ndarray) -> Annotation:
    return Annotation("a", label_map, np.zeros((1, 4), np.float32), "digest")


def test_squared_distances_against_looking_at_every_pair() -> None:
    places = torch.rand(2, 9, 9, generator=torch.Generator().manual_seed(0)) < 0.1
    found = squared_distances(places)
    for part in range(2):
        true = places[part].nonzero()
        for y in range(9):
            for x in range(9):
                expected = (true - torch.tensor([y, x])).square().sum(1).min()
                assert found[part, y, x] == expected


def test_without_any_place_the_distance_is_infinite() -> None:
    assert torch.isinf(squared_distances(torch.zeros(1, 3, 3, dtype=torch.bool))).all()


def test_logits_fall_with_the_square_of_the_distance() -> None:
    label_map = np.zeros((LAYOUT_PX, LAYOUT_PX), np.uint8)
    label_map[MIDDLE:, :] = 1
    layout = layout_of([label_map], TWO_PARTS, spread=0.1)
    assert (layout[1, MIDDLE:] == 0).all()
    for n_cells in (1, 8):
        expected = -((n_cells / LAYOUT_PX) ** 2) / (2 * 0.1**2)
        assert layout[1, MIDDLE - n_cells, 3] == pytest.approx(expected, rel=1e-5)


def test_far_away_is_finite() -> None:
    label_map = np.zeros((LAYOUT_PX, LAYOUT_PX), np.uint8)
    label_map[-1, -1] = 1
    layout = layout_of([label_map], TWO_PARTS, spread=0.01)
    assert layout.min() == -50
    # A part that no label shows may be nowhere.
    assert (layout_of([label_map * 0], TWO_PARTS, spread=0.1)[1] == -50).all()


def test_mirrored_labels_count_for_the_mirrored_part() -> None:
    parts = PartSet(
        (Part("rest", (0, 0, 0)), Part("left", (1, 0, 0), "right"), Part("right", (2, 0, 0), "left"))
    )
    label_map = np.zeros((LAYOUT_PX, LAYOUT_PX), np.uint8)
    label_map[10, 5] = 1
    layout = layout_of([label_map], parts, spread=0.1)
    assert layout[1, 10, 5] == 0
    assert layout[2, 10, LAYOUT_PX - 1 - 5] == 0
    assert layout[2, 10, 5] < 0
    assert layout[1, 10, LAYOUT_PX - 1 - 5] < 0


def test_what_nobody_labelled_may_be_anything() -> None:
    label_map = np.full((LAYOUT_PX, LAYOUT_PX), 255, np.uint8)
    label_map[:, :4] = 0
    label_map[3, 3] = 1
    layout = layout_of([label_map], TWO_PARTS, spread=0.1)
    assert (layout[:, :, 8:-8] == 0).all()
    assert (layout[1, 30:, :4] == 0).all(), "unlabelled on the mirrored side"


def test_the_layout_is_in_the_logits_and_can_be_left_out() -> None:
    generator = tiny_generator()
    annotation = thing_annotation(generator, 0)
    config = FewShotConfig(n_statistics=4, n_self_training=0, penalty=0.1)
    bounded, free = (
        fit_few_shot(
            GeneratorFeatures(generator), [annotation], TWO_PARTS, replace(config, layout_spread=spread)
        )
        for spread in (0.05, None)
    )
    assert (free.layout == 0).all()
    assert torch.equal(bounded.layout, layout_of([annotation.label_map], TWO_PARTS, 0.05))
    assert bounded.layout.min() < 0
    pyramid = generator.synthesise(latent_of(annotation, generator)).pyramid
    with torch.no_grad():
        difference = bounded(pyramid, LAYOUT_PX) - free(pyramid, LAYOUT_PX)
    torch.testing.assert_close(difference[0], bounded.layout, atol=1e-4, rtol=1e-4)


def test_a_spread_is_above_zero() -> None:
    with pytest.raises(BadOption, match=r"layout_spread is 0; expected more than 0, or none"):
        FewShotConfig(layout_spread=0)


def test_pictures_to_train_itself_on_are_a_number() -> None:
    with pytest.raises(BadOption, match=r"n_self_training is -1; expected 0 or more"):
        FewShotConfig(n_self_training=-1)

"""Doubt about one part: cell by cell, and which picture it chooses."""

from __future__ import annotations

import pytest
import torch

from partly.fewshot.acquisition.unsure_of_part import doubt_about
from partly.fewshot.acquisition.unsure_pictures import least_sure
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.segmenters.picture_uncertainty import uncertainty_of_part
from partly.models.generators.truncation import Truncation
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator


def naive(logits: torch.Tensor, part: int) -> float:
    """Of one picture ``[k, h, w]``, cell by cell."""
    doubts = []
    cells = logits.softmax(0).flatten(1).T.tolist()
    for cell in cells:
        first, second = sorted(range(len(cell)), key=lambda i: -cell[i])[:2]
        if part in (first, second):
            doubts.append(1 - (cell[first] - cell[second]))
    return sum(doubts) / (len(doubts) + 0.005 * len(cells))


def test_doubt_is_how_narrowly_the_part_comes_first_or_second() -> None:
    logits = torch.randn(3, 4, 6, 5, generator=torch.Generator().manual_seed(0)) * 3
    for part in range(4):
        expected = [naive(of_picture, part) for of_picture in logits]
        assert uncertainty_of_part(logits, part).tolist() == pytest.approx(expected, abs=1e-5)


def test_what_is_certain_or_hardly_there_is_not_in_doubt() -> None:
    sure = torch.zeros(1, 3, 8, 8)
    sure[:, 1] = 50
    assert float(uncertainty_of_part(sure, 1)) == pytest.approx(0, abs=1e-6)
    unsure = torch.zeros(1, 2, 8, 8)
    assert float(uncertainty_of_part(unsure, 1)) == pytest.approx(1 / 1.005)
    one_cell = torch.zeros(1, 3, 64, 64)
    one_cell[:, 2] = -50
    one_cell[0, :, 0, 0] = torch.tensor([-50.0, 0.0, 0.0])
    assert float(uncertainty_of_part(one_cell, 2)) < 0.05


def test_the_picture_with_most_doubt_about_the_part_is_chosen() -> None:
    generator = tiny_generator()
    source = GeneratorFeatures(generator)
    config = FewShotConfig(n_statistics=4, n_self_training=0, penalty=0.1)
    segmenter = fit_few_shot(source, [thing_annotation(generator, 0)], TWO_PARTS, config)
    [chosen] = least_sure(source, doubt_about(source, segmenter, 1), 1, 5, n_candidates=9)
    doubts = []
    for index in range(9):
        picture = source.plain("unsure proposals", 5, index, Truncation(0.7, 1.0))
        doubts.append(naive(segmenter(source.pyramid(picture, 64), 64)[0], 1))
    assert chosen.index == doubts.index(max(doubts))
    assert chosen.score == pytest.approx(max(doubts), abs=1e-5)

"""Small parts are found as large as labels show them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from partly.fewshot.features.feature_source import plain_pyramids
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.fit_few_shot_segmenter import fit_few_shot
from partly.fewshot.fitting.fit_options import FewShotConfig
from partly.fewshot.fitting.small_parts import constants
from tests.fakes import TWO_PARTS, thing_annotation, tiny_generator


def areas(logits):
    n_cells = logits.shape[0] * logits.shape[2]
    return torch.bincount(logits.argmax(1).flatten(), minlength=logits.shape[1]) / n_cells


def test_a_constant_is_a_quantile_of_the_margins():
    # One part leads the other by 0, 1, 2 ... 9.
    logits = torch.stack([torch.arange(10.0), torch.zeros(10)])[None]
    assert constants(logits, {1: 0.3}).tolist() == [0, 2]
    # What is wanted is there already.
    assert constants(logits.flip(1), {1: 0.3}).tolist() == [0, 0]


def test_parts_cover_what_is_wanted_and_others_are_left():
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(8, 5, 500, generator=random) + torch.tensor([4.0, 3.5, 0, -0.5, 1])[:, None]
    wanted = {2: 0.02, 3: 0.03, 4: 0.0001}
    raised = constants(logits, wanted)
    assert raised[:2].tolist() == [0, 0]
    # Nothing is lowered: this part had more.
    assert raised[4] == 0
    found = areas(logits + 1.0001 * raised[:, None])
    assert found[2] == pytest.approx(0.02, abs=0.003)
    assert found[3] == pytest.approx(0.03, abs=0.003)


def test_a_wanted_share_of_more_than_all_is_all():
    logits = torch.stack([torch.arange(10.0), torch.zeros(10)])[None]
    assert constants(logits, {1: 1.5}).tolist() == [0, 9]


@pytest.mark.parametrize("method", ["ridge", "kernel"])
def test_a_fit_finds_small_parts_elsewhere(method):
    generator = tiny_generator()
    source = GeneratorFeatures(generator)
    annotation = thing_annotation(generator, 0)
    rows, columns = np.nonzero(annotation.label_map == 1)
    label_map = np.zeros_like(annotation.label_map)
    few = len(label_map.ravel()) // 50
    label_map[rows[:few], columns[:few]] = 1
    config = FewShotConfig((method,), n_statistics=6, n_self_training=0, penalty=100.0)

    def found(share):
        segmenter = fit_few_shot(
            source, [replace(annotation, label_map=label_map)], TWO_PARTS, replace(config, small_parts=share)
        )
        pyramids = plain_pyramids(source, 6, segmenter.level_indexes)
        return float(areas(torch.cat([segmenter(one, 64).flatten(2) for one in pyramids]))[1])

    assert found(0.0) < 0.002
    assert found(1.0) == pytest.approx(0.02, abs=0.003)
    assert found(0.5) == pytest.approx(0.01, abs=0.003)


def test_what_leaves_them_alone_is_described_as_before():
    assert "small_parts" not in FewShotConfig().described()
    assert FewShotConfig(small_parts=0.7).described()["small_parts"] == 0.7

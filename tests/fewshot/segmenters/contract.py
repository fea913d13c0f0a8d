"""What every few-shot segmenter must do; a family's tests inherit it and give ``segmenter``."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path

import pytest
import torch

from partly.data.labels.part_sets import PartSet
from partly.errors import BadOption
from partly.fewshot.fitting.segmenter_folders import load_segmenter, save_segmenter
from partly.fewshot.segmenters.segmenter_base import FewShotSegmenter
from partly.machine import Machine
from partly.models.feature_pyramid import FeaturePyramid
from tests.device_with_values import device_with_values

CHANNELS, INDEXES = (6, 4), (1, 2)
PARTS = PartSet.from_names(("background", "wheel", "window"))


def pyramid(n_pictures: int = 2) -> FeaturePyramid:
    """Three levels, of which the segmenters read the last two."""
    draws = torch.Generator().manual_seed(0)
    shapes = ((3, 4), (CHANNELS[0], 8), (CHANNELS[1], 16))
    return FeaturePyramid(tuple(torch.randn(n_pictures, c, s, s, generator=draws) * 3 + 1 for c, s in shapes))


class SegmenterContract(ABC):
    @pytest.fixture
    @abstractmethod
    def segmenter(self) -> FewShotSegmenter: ...

    @pytest.mark.parametrize("size_px", [8, 16, 40])
    def test_gives_logits_at_any_size(self, segmenter: FewShotSegmenter, size_px: int) -> None:
        logits = segmenter(pyramid(), size_px)
        assert logits.shape == (2, 3, size_px, size_px)
        assert logits.dtype == torch.float32
        assert logits.isfinite().all()

    def test_a_batch_is_its_pictures(self, segmenter: FewShotSegmenter) -> None:
        both = segmenter(pyramid(), 16)
        for i in range(2):
            alone = segmenter(pyramid().pictures(i, i + 1), 16)
            torch.testing.assert_close(both[i : i + 1], alone, rtol=1e-4, atol=1e-5)

    def test_another_device_says_the_same(self, segmenter: FewShotSegmenter) -> None:
        with device_with_values() as device:
            there = copy.deepcopy(segmenter).to(device)
            said = there(pyramid().to(device), 16)
            assert said.device == device
            assert torch.equal(said.cpu(), segmenter(pyramid(), 16))

    def test_halves_around_it_change_nothing(self, segmenter: FewShotSegmenter) -> None:
        with Machine(dtype=torch.bfloat16).precision():
            said = segmenter(pyramid(), 16)
        assert torch.equal(said, segmenter(pyramid(), 16))

    def test_saved_and_loaded_says_the_same(self, segmenter: FewShotSegmenter, tmp_path: Path) -> None:
        save_segmenter(tmp_path, segmenter, PARTS, {"note": "x"})
        loaded, part_set, card = load_segmenter(tmp_path)
        assert part_set == PARTS
        assert card.extra["note"] == "x"
        assert torch.equal(loaded(pyramid(), 16), segmenter(pyramid(), 16))

    def test_levels_of_another_generator_are_refused(self, segmenter: FewShotSegmenter) -> None:
        other = FeaturePyramid(tuple(torch.randn(1, 9, 8, 8) for _ in range(3)))
        with pytest.raises(
            BadOption, match=r"levels of \[9, 9\] channels; expected \[6, 4\]. Use the generator"
        ):
            segmenter(other, 8)
        with pytest.raises(BadOption, match="a pyramid of 1 levels; expected at least 3"):
            segmenter(pyramid().select([0]), 8)

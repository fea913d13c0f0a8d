from __future__ import annotations

import pytest
import torch

from partly.models.feature_pyramid import FeaturePyramid, resize


def _pyramid() -> FeaturePyramid:
    return FeaturePyramid((torch.randn(2, 3, 4, 4), torch.randn(2, 5, 8, 8)))


def test_hypercolumn_has_every_channel_at_every_pixel() -> None:
    pyramid = _pyramid()
    dense = pyramid.hypercolumn(8)
    assert dense.shape == (2, 8, 8, 8)
    assert torch.equal(dense[:, 3:], pyramid.maps[1])


def test_selection_and_pictures() -> None:
    pyramid = _pyramid()
    assert torch.equal(pyramid.select([1]).maps[0], pyramid.maps[1])
    assert pyramid.pictures(1, 2).n_pictures == 1
    assert len(pyramid.to("cpu")) == 2


def test_an_empty_pyramid_is_a_defect() -> None:
    with pytest.raises(ValueError, match="at least one level"):
        FeaturePyramid(())


@pytest.mark.parametrize("size_px", [3, 4, 16])
def test_resizing_commutes_with_a_linear_layer(size_px: int) -> None:
    maps, weight = torch.randn(1, 3, 4, 4), torch.randn(2, 3)
    project = lambda x: torch.einsum("kc,bchw->bkhw", weight, x)  # noqa: E731
    torch.testing.assert_close(resize(project(maps), size_px), project(resize(maps, size_px)))

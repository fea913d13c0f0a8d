"""What every representation must do; a family's tests inherit it and give ``representation``."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest
import torch

from partly.errors import BadOption
from partly.models.encoders.photo_encoder import Representation


def photos(representation: Representation, n_photos: int = 3) -> torch.Tensor:
    """Random photos."""
    side_px = representation.image_size_px
    draws = torch.Generator().manual_seed(0)
    return torch.rand(n_photos, 3, side_px, side_px, generator=draws) * 2 - 1


class RepresentationContract(ABC):
    @pytest.fixture
    @abstractmethod
    def representation(self) -> Representation: ...

    def test_follows_the_protocol(self, representation: Representation) -> None:
        assert isinstance(representation, Representation)
        assert len(representation.digest) == 64

    def test_pyramid_is_what_levels_say_coarse_to_fine(self, representation: Representation) -> None:
        pyramid = representation.read(photos(representation))
        assert pyramid.n_pictures == 3
        found = [(m.shape[1], m.shape[2], m.shape[3]) for m in pyramid.maps]
        assert found == [(level.n_channels, level.size_px, level.size_px) for level in representation.levels]
        sizes = [level.size_px for level in representation.levels]
        assert sizes == sorted(sizes)
        assert len({level.name for level in representation.levels}) == len(sizes)

    def test_features_are_finite_floats(self, representation: Representation) -> None:
        for maps in representation.read(photos(representation)).maps:
            assert maps.dtype == torch.float32
            assert maps.isfinite().all()

    def test_is_deterministic(self, representation: Representation) -> None:
        first = representation.read(photos(representation))
        second = representation.read(photos(representation))
        for a, b in zip(first.maps, second.maps, strict=True):
            assert torch.equal(a, b)

    def test_a_batch_is_its_photos(self, representation: Representation) -> None:
        batch = photos(representation)
        both = representation.read(batch)
        for i in range(len(batch)):
            alone = representation.read(batch[i : i + 1])
            for whole, one in zip(both.maps, alone.maps, strict=True):
                torch.testing.assert_close(whole[i : i + 1], one, rtol=1e-4, atol=1e-5)

    def test_features_belong_to_their_place(self, representation: Representation) -> None:
        """What changes in a corner changes the finest level there most."""
        before = photos(representation, 1)
        after = before.clone()
        corner_px = representation.image_size_px // 4
        after[:, :, :corner_px, :corner_px] *= -1
        change = representation.read(after).maps[-1] - representation.read(before).maps[-1]
        by_place = change.abs().sum((0, 1))
        half = by_place.shape[0] // 2
        assert by_place[:half, :half].sum() > 0.9 * by_place.sum()

    def test_every_level_tells_photos_apart(self, representation: Representation) -> None:
        for maps in representation.read(photos(representation, 2)).maps:
            assert (maps[0] - maps[1]).abs().max() > 1e-4

    def test_photos_of_another_size_are_refused(self, representation: Representation) -> None:
        side_px = representation.image_size_px
        text = rf"photos of shape \[1, 3, 7, 7\]; expected \[b, 3, {side_px}, {side_px}\]"
        with pytest.raises(BadOption, match=text):
            representation.read(torch.zeros(1, 3, 7, 7))

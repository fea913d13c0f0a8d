"""What every representation must do; a family's tests inherit it and give ``representation``."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from pathlib import Path

import pytest
import torch

from partly.errors import BadModelFile, BadOption
from partly.machine import Machine
from partly.models.encoders.encoder_table import load_representation
from partly.models.encoders.photo_encoder import Representation, RepresentationFamily
from tests.device_with_values import device_with_values


def photos(
    representation: Representation, n_photos: int = 3, shape_px: tuple[int, int] | None = None
) -> torch.Tensor:
    """Random photos, of the representation's own size or of ``shape_px`` (height and width)."""
    side_px = representation.image_size_px
    draws = torch.Generator().manual_seed(0)
    return torch.rand(n_photos, 3, *(shape_px or (side_px, side_px)), generator=draws) * 2 - 1


class RepresentationContract(ABC):
    """
    Attributes:
        share_in_place: of what a changed corner changes, how much is in that quarter of the photo at least;
            an even spread would be a quarter. Attention sees everywhere.
        tolerance: by how much a photo's features may differ in another batch.
        of_halves: by how much those of bfloat16 may differ, as a share of the largest.
    """

    share_in_place = 0.9
    tolerance = 1e-5
    of_halves = 0.1

    @pytest.fixture
    @abstractmethod
    def representation(self) -> RepresentationFamily: ...

    def test_follows_the_protocol(self, representation: RepresentationFamily) -> None:
        assert isinstance(representation, Representation)
        assert len(representation.digest) == 64

    def test_pyramid_is_what_levels_say_coarse_to_fine(self, representation: RepresentationFamily) -> None:
        pyramid = representation.read(photos(representation))
        assert pyramid.n_pictures == 3
        found = [(m.shape[1], m.shape[2], m.shape[3]) for m in pyramid.maps]
        assert found == [(level.n_channels, level.size_px, level.size_px) for level in representation.levels]
        sizes = [level.size_px for level in representation.levels]
        assert sizes == sorted(sizes)
        assert len({level.name for level in representation.levels}) == len(sizes)

    def test_features_are_finite_floats(self, representation: RepresentationFamily) -> None:
        for maps in representation.read(photos(representation)).maps:
            assert maps.dtype == torch.float32
            assert maps.isfinite().all()

    def test_is_deterministic(self, representation: RepresentationFamily) -> None:
        first = representation.read(photos(representation))
        second = representation.read(photos(representation))
        for a, b in zip(first.maps, second.maps, strict=True):
            assert torch.equal(a, b)

    def test_photos_are_left_as_they_are(self, representation: RepresentationFamily) -> None:
        batch = photos(representation)
        representation.read(batch)
        assert torch.equal(batch, photos(representation))

    def test_a_batch_is_its_photos(self, representation: RepresentationFamily) -> None:
        batch = photos(representation)
        both = representation.read(batch)
        for i in range(len(batch)):
            alone = representation.read(batch[i : i + 1])
            for whole, one in zip(both.maps, alone.maps, strict=True):
                torch.testing.assert_close(whole[i : i + 1], one, rtol=1e-4, atol=self.tolerance)

    def test_features_belong_to_their_place(self, representation: RepresentationFamily) -> None:
        """What changes in a corner changes the finest level there most."""
        before = photos(representation, 1)
        after = before.clone()
        corner_px = representation.image_size_px // 4
        after[:, :, :corner_px, :corner_px] *= -1
        change = representation.read(after).maps[-1] - representation.read(before).maps[-1]
        by_place = change.abs().sum((0, 1))
        half = by_place.shape[0] // 2
        assert by_place[:half, :half].sum() > self.share_in_place * by_place.sum()

    def test_rows_and_columns_are_not_mixed_up(self, representation: RepresentationFamily) -> None:
        """What changes at the upper right changes the finest level there most."""
        before = photos(representation, 1)
        after = before.clone()
        corner_px = representation.image_size_px // 4
        after[:, :, :corner_px, -corner_px:] *= -1
        change = representation.read(after).maps[-1] - representation.read(before).maps[-1]
        by_place = change.abs().sum((0, 1))
        half = by_place.shape[0] // 2
        assert by_place[:half, -half:].sum() > self.share_in_place * by_place.sum()

    def test_every_level_tells_photos_apart(self, representation: RepresentationFamily) -> None:
        for maps in representation.read(photos(representation, 2)).maps:
            assert (maps[0] - maps[1]).abs().max() > 1e-4

    def test_rectangles(self, representation: RepresentationFamily) -> None:
        """Maps are as many times larger as the photo is, in each direction by itself; or it is refused."""
        side_px, multiple_px = representation.image_size_px, representation.multiple_px
        if multiple_px is None:
            with pytest.raises(BadOption, match="photos of shape"):
                representation.read(photos(representation, 1, (side_px, 2 * side_px)))
            return
        for high_px, wide_px in ((side_px, side_px + multiple_px), (multiple_px, side_px)):
            pyramid = representation.read(photos(representation, 2, (high_px, wide_px)))
            assert [(m.shape[2], m.shape[3]) for m in pyramid.maps] == [
                (level.size_px * high_px // side_px, level.size_px * wide_px // side_px)
                for level in representation.levels
            ]

    def test_another_nominal_size(self, representation: RepresentationFamily) -> None:
        side_px, multiple_px = representation.image_size_px, representation.multiple_px
        if multiple_px is None:
            with pytest.raises(BadOption, match=f"photos of {2 * side_px} px; expected {side_px} px"):
                representation.at_size(2 * side_px)
            return
        larger = representation.at_size(2 * side_px)
        assert larger.image_size_px == 2 * side_px
        assert [level.size_px for level in larger.levels] == [2 * n.size_px for n in representation.levels]
        assert representation.image_size_px == side_px
        assert larger.digest == representation.digest
        batch = photos(larger, 1)
        for a, b in zip(larger.read(batch).maps, representation.read(batch).maps, strict=True):
            assert torch.equal(a, b)
        with pytest.raises(BadOption, match=f"photos of 1 px; expected a multiple of {multiple_px}"):
            representation.at_size(1)

    def test_photos_of_another_size_are_refused(self, representation: RepresentationFamily) -> None:
        side_px, multiple_px = representation.image_size_px, representation.multiple_px
        if multiple_px is None:
            wrong_px, expected = 7, f"{side_px}, {side_px}]"
        else:
            wrong_px, expected = multiple_px + 1, f"h, w], h and w multiples of {multiple_px}"
        for shape in ((1, 3, wrong_px, wrong_px), (1, 1, side_px, side_px), (3, side_px, side_px)):
            with pytest.raises(BadOption) as caught:
                representation.read(torch.zeros(shape))
            assert f"photos of shape {list(shape)}; expected [b, 3, {expected}" in str(caught.value)

    def test_another_device_sees_the_same(self, representation: RepresentationFamily) -> None:
        batch = photos(representation)
        here = representation.read(batch)
        with device_with_values() as device:
            there = copy.deepcopy(representation).to(device)
            seen = there.read(batch.to(device))
            assert {m.device for m in seen.maps} == {device}
            # Attention takes another way there.
            for one, other in zip(here.maps, seen.to("cpu").maps, strict=True):
                torch.testing.assert_close(one, other)

    def test_halves_see_nearly_the_same(self, representation: RepresentationFamily) -> None:
        batch = photos(representation)
        with Machine(dtype=torch.bfloat16).precision():
            halves = representation.read(batch).float()
        for half, whole in zip(halves.maps, representation.read(batch).maps, strict=True):
            assert half.dtype == torch.float32
            assert (half - whole).abs().max() < self.of_halves * whole.abs().max()

    def test_saved_and_read(self, representation: RepresentationFamily, tmp_path: Path) -> None:
        representation.save(tmp_path / "r", {"title": "tiny"})
        again = load_representation(tmp_path / "r")
        assert (again.digest, again.levels) == (representation.digest, representation.levels)
        assert again.folder == tmp_path / "r"
        assert not any(p.requires_grad for p in again.parameters())
        batch = photos(representation)
        for a, b in zip(again.read(batch).maps, representation.read(batch).maps, strict=True):
            assert torch.equal(a, b)

    def test_a_truncated_file_is_refused(self, representation: RepresentationFamily, tmp_path: Path) -> None:
        representation.save(tmp_path, {})
        path = tmp_path / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(BadModelFile, match="The file is truncated or changed"):
            load_representation(tmp_path)

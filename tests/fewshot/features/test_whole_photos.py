"""Photos at their own shape, and their features on disk."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import partly
from partly.data.labels.annotation import Annotation
from partly.data.labels.label_maps import resize_label_map
from partly.data.labels.part_sets import PartSet
from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sets import whole_shape
from partly.fewshot.features import feature_store
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.models.encoders.photo_encoder import Representation
from partly.models.feature_pyramid import FeaturePyramid, Level, on_grid, resize

PARTS = PartSet.from_names(("background", "red"))


class Colours:
    """An encoder of any shape whose features are mean colours of patches of 4 px."""

    image_size_px, multiple_px, digest = 32, 4, "c" * 64
    levels = (Level("colours", 8, 3),)

    def __init__(self) -> None:
        self.n_read = 0

    def read(self, images: Tensor) -> FeaturePyramid:
        assert images.shape[2] % 4 == images.shape[3] % 4 == 0
        self.n_read += 1
        return FeaturePyramid((F.avg_pool2d(images, 4),))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos of many shapes, red where the truth says so."""
    for number, (height, width) in enumerate([(40, 90), (90, 40), (64, 64), (20, 100), (33, 47)]):
        write_png(tmp_path / "photos" / f"{number}.png", photo(height, width, number))
    return tmp_path / "photos"


def where_red(height: int, width: int) -> np.ndarray:
    label_map = np.zeros((height, width), np.uint8)
    label_map[: height // 2, width // 4 : width // 4 * 3] = 1
    return label_map


def photo(height: int, width: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 60, (height, width, 3), np.uint8)
    noise[where_red(height, width) == 1, 0] += 180
    return noise


def annotation(source: PhotoFeatures, name: str, height: int, width: int) -> Annotation:
    picture = source.picture(name)
    label_map = where_red(height, width)
    return Annotation("a", label_map, photo=picture.photo, photo_sha256=picture.photo_sha256)


def test_photos_of_any_shape_teach_and_are_segmented(photos: Path) -> None:
    encoder = Colours()
    assert isinstance(encoder, Representation)
    source = partly.photo_features(encoder, photos)
    assert source.fit == "whole"
    config = partly.FewShotConfig(fixed_layout=False, coordinate_weight=0.0)
    teacher = partly.fit_few_shot(source, [annotation(source, "0.png", 40, 90)], PARTS, config)
    for height, width in [(90, 40), (64, 64), (61, 127)]:
        said = teacher.segment(photo(height, width, 9))
        assert said.shape == (height, width)
        assert (said == where_red(height, width)).mean() > 0.9


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (100, 100, (560, 560)),
        (480, 640, (490, 644)),
        (640, 480, (644, 490)),
        (1, 1000, (280, 1120)),
        (3, 3, (560, 560)),
    ],
)
def test_whole_shapes_keep_area_and_aspect(height: int, width: int, expected: tuple[int, int]) -> None:
    assert whole_shape(height, width, 560, 14) == expected


def test_stretched_label_maps_come_back() -> None:
    label_map = np.random.default_rng(0).integers(0, 5, (7, 12), np.uint8)
    assert np.array_equal(resize_label_map(resize_label_map(label_map, (12, 12)), (7, 12)), label_map)
    assert np.array_equal(resize_label_map(label_map, (14, 24)), label_map.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("shape", [(8, 5), (3, 20), (20, 30), (6, 6)])
def test_grids_of_maps_that_are_no_squares(shape: tuple[int, int]) -> None:
    maps = torch.rand(1, 2, *shape)
    height, width = (min(n, 6) for n in shape)
    expected = resize(F.adaptive_avg_pool2d(maps, (height, width)), 6)
    assert torch.equal(on_grid(maps, 6), expected)


def test_features_are_kept_and_read_again(photos: Path, tmp_path: Path) -> None:
    encoder = Colours()
    source = partly.photo_features(encoder, photos, store=tmp_path / "kept")
    picture = source.picture("1.png")
    assert not source.is_kept(picture)
    first = source.pyramid(picture, 8)
    assert source.is_kept(picture)
    again = partly.photo_features(encoder, photos, store=tmp_path / "kept").pyramid(picture, 8)
    assert encoder.n_read == 1
    assert torch.equal(again.maps[0], first.maps[0])
    plain = partly.photo_features(encoder, photos).pyramid(picture, 8)
    torch.testing.assert_close(plain.maps[0], first.maps[0], atol=1e-3, rtol=1e-3)


def test_damaged_features_are_made_anew(photos: Path, tmp_path: Path) -> None:
    encoder = Colours()
    source = partly.photo_features(encoder, photos, store=tmp_path / "kept")
    picture = source.picture("1.png")
    whole = source.pyramid(picture, 8).maps[0]
    (path,) = (tmp_path / "kept").rglob("*.features")
    for damage in (b"", path.read_bytes()[:-3]):
        path.write_bytes(damage)
        assert torch.equal(source.pyramid(picture, 8).maps[0], whole)


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    pyramid = FeaturePyramid((torch.rand(1, 3, 10, 10),))
    store = FeatureStore(tmp_path, most_bytes=3 * 800)
    for number, name in enumerate("abc"):
        assert store.keep("s" * 64, name * 64, pyramid)
        path = next(tmp_path.rglob(f"{name * 32}.features"))
        os.utime(path, ns=(number, number))
    assert store.read("s" * 64, "a" * 64) is not None  # now the last one used
    assert store.keep("s" * 64, "d" * 64, pyramid)
    assert [name for name in "abcd" if store.has("s" * 64, name * 64)] == ["a", "c", "d"]
    assert store.n_bytes <= 3 * 800


def test_a_full_disk_drops_the_oldest_and_then_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pyramid = FeaturePyramid((torch.rand(1, 3, 10, 10),))
    store = FeatureStore(tmp_path)
    assert store.keep("s" * 64, "a" * 64, pyramid)
    really = feature_store.atomic_path

    def full_while_there_is_something(target: Path):  # type: ignore[no-untyped-def]
        if list(tmp_path.rglob("*.features")):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(target)

    monkeypatch.setattr(feature_store, "atomic_path", full_while_there_is_something)
    assert store.keep("s" * 64, "b" * 64, pyramid)
    assert not store.has("s" * 64, "a" * 64)

    def full(target: Path):  # type: ignore[no-untyped-def]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(feature_store, "atomic_path", full)
    assert not store.keep("s" * 64, "c" * 64, pyramid)
    assert store.n_bytes == 0


@pytest.mark.parametrize("fit", ["whole", "crop", "pad"])
def test_an_encoder_at_another_size_is_another_source(photos: Path, fit: str) -> None:
    """Its weights, and so its digest, are the same; features are not."""
    digests = set()
    for size_px in (32, 64):
        encoder = Colours()
        encoder.image_size_px = size_px
        digests.add(partly.photo_features(encoder, photos, fit).digest)
    assert len(digests) == 2

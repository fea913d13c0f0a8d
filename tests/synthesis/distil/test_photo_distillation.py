"""A network from photos alone: labelled softly by a teacher that reads them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import partly
from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import UNLABELLED, PartSet
from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sets import make_photo_set, padded_place, padded_square
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadOption
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.fewshot.fitting.fit_options import ON_PHOTOS
from partly.fewshot.fitting.teacher import Teacher
from partly.synthesis.distil.distil_options import FROM_PHOTOS, DistilConfig
from partly.synthesis.distil.distillation import distil, usual_config
from partly.synthesis.distil.labelled_photos import label_photos, log_shares, painted_shares, shares_in_square
from partly.synthesis.distil.photo_distillation import share_of_painted
from partly.synthesis.shards.place import Place
from tests.fewshot.features.test_whole_photos import Colours

PARTS = PartSet.from_names(("background", "red"))
QUICK = DistilConfig(
    n_pictures=12,
    size_px=32,
    architecture="unet-small",
    pretrained=False,
    n_steps=30,
    batch_size=4,
    painted_share=0.3,
)


def where_red(height: int, width: int, seed: int) -> np.ndarray:
    top, left = np.random.default_rng(seed).integers(0, (height // 2, width // 2))
    label_map = np.zeros((height, width), np.uint8)
    label_map[top : top + height // 2, left : left + width // 2] = 1
    return label_map


def photo(height: int, width: int, seed: int) -> np.ndarray:
    pixels = np.random.default_rng(seed).integers(0, 60, (height, width, 3), np.uint8)
    pixels[where_red(height, width, seed) == 1, 0] += 180
    return pixels


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(14):
        height, width = [(40, 60), (60, 40), (48, 48)][seed % 3]
        write_png(tmp_path / "photos" / f"{seed:02}.png", photo(height, width, seed))
    return tmp_path / "photos"


@pytest.fixture
def teacher(photos: Path) -> Teacher:
    source = partly.photo_features(Colours(), photos)
    config = partly.FewShotConfig(fixed_layout=False, coordinate_weight=0.0)
    return partly.fit_few_shot(source, [annotation(source, 0)], PARTS, config)


def annotation(source: PhotoFeatures, seed: int) -> Annotation:
    picture = source.picture(f"{seed:02}.png")
    label_map = where_red(*source.pixels(picture).shape[:2], seed)
    label_map[:5] = UNLABELLED
    return Annotation(f"p{seed}", label_map, photo=picture.photo, photo_sha256=picture.photo_sha256)


@pytest.mark.parametrize("second_round", [0.0, 0.4])
def test_a_network_learns_from_photos(teacher: Teacher, tmp_path: Path, second_round: float) -> None:
    config = replace(QUICK, second_round=second_round, n_steps=2 * QUICK.n_steps)
    result = distil(teacher, Place.within(tmp_path / "out"), config)
    right = [
        (result.network.segment(photo(50, 70, seed)).label_map == where_red(50, 70, seed)).mean()
        for seed in range(50, 54)
    ]
    assert np.mean(right) > 0.9
    again = distil(teacher, Place.within(tmp_path / "out"), config)
    assert again.network.digest == result.network.digest


def test_what_a_stop_left_is_gone_on_with(photos: Path, tmp_path: Path) -> None:
    squares = make_photo_set(find_photos(photos), tmp_path / "squares", 16, "pad")
    asked = []

    def say(index: int) -> torch.Tensor:
        asked.append(index)
        if len(asked) == 6:
            raise KeyboardInterrupt
        return torch.full((2, 8, 8), float(index))

    for _ in range(2):
        try:
            labelled = label_photos(squares, say, (2, 8), tmp_path / "labels", {"by": "a"})
        except KeyboardInterrupt:
            # What was written of the next one, before a kill, does not count.
            with (tmp_path / "labels" / "logits.f16").open("ab") as file:
                file.write(b"half")
    assert asked == [0, 1, 2, 3, 4, 5, *range(5, 14)]
    assert [float(labelled.read([i])[1][0, 0, 0, 0]) for i in (0, 4, 5, 13)] == [0, 4, 5, 13]
    label_photos(squares, say, (2, 8), tmp_path / "labels", {"by": "a"})
    assert len(asked) == 15
    label_photos(squares, say, (2, 8), tmp_path / "labels", {"by": "b"})
    assert len(asked) == 29


@pytest.mark.parametrize(("height", "width"), [(40, 60), (60, 40), (32, 32), (7, 50)])
def test_shares_lie_where_the_photo_lies_in_its_square(height: int, width: int) -> None:
    red = where_red(height, width, 3)
    pixels = np.repeat(red[:, :, None] * 200, 3, axis=2)
    square = padded_square(pixels, 32)[0][:, :, 0] / 200
    shares = shares_in_square(torch.from_numpy(np.stack([1 - red, red])).float(), height, width, 32)
    assert shares.shape == (2, 32, 32)
    assert np.abs(shares[1].numpy() - square).mean() < 0.02
    rows, columns = padded_place(height, width, 32)
    assert (rows.stop - rows.start, columns.stop - columns.start)[height < width] == 32


def test_what_is_not_painted_is_as_the_teacher_says() -> None:
    label_map = np.array([[0, 1], [UNLABELLED, 1]], np.uint8)
    said = torch.tensor([0.25, 0.75])[:, None, None].expand(2, 4, 4)
    shares = painted_shares(label_map, said)
    torch.testing.assert_close(shares[1], torch.tensor([[0.0, 1.0], [0.75, 1.0]]))
    torch.testing.assert_close(log_shares(shares).softmax(0), shares, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("asked", "n_painted", "share"), [(0.85, 1, 1 / 3), (0.85, 10, 10 / 12), (0.85, 30, 0.85), (0.2, 1, 0.2)]
)
def test_few_painted_photos_are_not_learned_by_heart(asked: float, n_painted: int, share: float) -> None:
    assert share_of_painted(DistilConfig(painted_share=asked), n_painted) == pytest.approx(share)


def test_the_usual_choices_are_those_of_what_a_teacher_reads(teacher: Teacher) -> None:
    assert usual_config(teacher) == FROM_PHOTOS
    assert usual_config(replace(teacher, annotations=())) == replace(FROM_PHOTOS, painted_share=0.0)
    assert usual_config(replace(teacher, source=None)) == DistilConfig()


def test_too_few_photos_are_refused(photos: Path, tmp_path: Path) -> None:
    for path in sorted(photos.iterdir())[2:]:
        path.unlink()
    source = partly.photo_features(Colours(), photos)
    teacher = partly.fit_few_shot(source, [annotation(source, 0)], PARTS)
    with pytest.raises(BadOption, match=r"1 photos that nobody painted; expected 2 or more.*more photos"):
        distil(teacher, Place.within(tmp_path / "out"), QUICK)
    with pytest.raises(BadOption, match="no labelled photos to learn from; expected annotations"):
        distil(replace(teacher, annotations=()), Place.within(tmp_path / "out"), QUICK)


def test_five_lines_of_python(photos: Path, tmp_path: Path) -> None:
    source = partly.photo_features(Colours(), photos, store=tmp_path / "features")
    teacher = partly.fit_few_shot(source, [annotation(source, 0)], PARTS)
    network = partly.distil(source, teacher, replace(QUICK, painted_share=0.0))
    said = network.segment(photo(50, 70, 60)).label_map
    assert (said == where_red(50, 70, 60)).mean() > 0.85


def test_labels_of_photos_are_measured_as_they_are_fitted(photos: Path) -> None:
    source = partly.photo_features(Colours(), photos)
    annotations = [annotation(source, seed) for seed in (0, 1)]
    found = partly.how_good(source, annotations, PARTS)
    assert found.to_json() == partly.how_good(source, annotations, PARTS, ON_PHOTOS).to_json()
    assert found.to_json() != partly.how_good(source, annotations, PARTS, partly.FewShotConfig()).to_json()

"""Networks of a generator's teacher learn from painted photos too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import partly
from partly.data.labels.annotation import Annotation
from partly.data.labels.part_sets import UNLABELLED
from partly.errors import BadLabel, BadOption
from partly.fewshot.features.feature_store import FeatureStore
from partly.fewshot.features.generator_features import GeneratorFeatures
from partly.fewshot.fitting.teacher import Teacher
from partly.models.generators.mobile_stylegan import MobileStyleGAN
from partly.synthesis.distil import head_distillation
from partly.synthesis.distil.distil_options import DistilConfig
from partly.synthesis.distil.distillation import distil, new_network
from partly.synthesis.distil.encoded_pictures import PictureReader
from partly.synthesis.distil.head_distillation import distil_head
from partly.synthesis.distil.head_training import HeadConfig
from partly.synthesis.distil.own_photos import OwnPhotos, Painted, changed_copies
from partly.synthesis.shards.place import Place
from partly.synthesis.shards.synthesis_config import SynthesisConfig
from partly.training.segmentation.labelled_pictures import ArrayPictures
from tests.conftest import PHOTO_SHAPES
from tests.fakes import TWO_PARTS, thing_annotation, thing_labels, thing_photo, tiny_encoder

QUICK = DistilConfig(
    n_pictures=12, size_px=32, architecture="unet-small", pretrained=False, n_steps=40, batch_size=4
)
SIZES = SynthesisConfig(2, size_px=64, label_px=32)


@pytest.fixture
def own(photo_folder: Path, tmp_path: Path) -> OwnPhotos:
    source = partly.photo_features(tiny_encoder(), photo_folder, store=tmp_path / "features")
    return OwnPhotos(source, [annotation_of(source, seed) for seed in (0, 1, 2)])


def annotation_of(source: partly.PhotoFeatures, seed: int) -> Annotation:
    picture = source.picture(f"{seed}.png")
    label_map = thing_labels(*PHOTO_SHAPES[seed], seed)
    return Annotation(str(seed), label_map, photo=picture.photo, photo_sha256=picture.photo_sha256)


@pytest.fixture
def teacher(generator: MobileStyleGAN) -> Teacher:
    return partly.fit_few_shot(GeneratorFeatures(generator), [thing_annotation(generator, 0)], TWO_PARTS)


def test_a_photo_is_learned_from_as_it_was_painted(own: OwnPhotos) -> None:
    first = own.annotations[0]
    label_map = first.label_map.copy()
    label_map[:30] = UNLABELLED
    found = OwnPhotos(own.source, [replace(first, label_map=label_map)]).painted(2, SIZES)
    assert found.images.shape == (1, 3, 64, 64)
    shares = found.logits.softmax(1)[0, 1]
    # 90 x 120 pixels lie in the middle 24 of 32 rows; what is above them is as their first row.
    torch.testing.assert_close(shares[:10], torch.full((10, 32), 0.5), atol=0.01, rtol=0)
    truth = torch.from_numpy(first.label_map[::5, ::5].astype(np.float32))[8:]
    assert ((shares[14:28, ::1][:, : 24 * 4 // 3] > 0.5).float().mean() - truth.mean()).abs() < 0.25
    red = found.images[0, 0].float() - found.images[0, 2].float()
    seen = torch.nn.functional.avg_pool2d(red[None, None], 2)[0, 0][14:28] > 0
    assert (seen == (shares[14:28] > 0.5)).float().mean() > 0.95


def test_copies_change_picture_and_label_alike(own: OwnPhotos) -> None:
    painted = own.painted(2, SIZES)
    copies = changed_copies(painted, 3, 64, (0, 1), seed=1)
    assert copies.images.shape == (12, 3, 64, 64)
    assert copies.logits.shape == (12, 2, 32, 32)
    assert torch.equal(copies.images[:3], painted.images)
    assert torch.equal(copies.logits[:3], painted.logits)
    again = changed_copies(painted, 3, 64, (0, 1), seed=1)
    assert torch.equal(again.images, copies.images)
    assert not torch.equal(changed_copies(painted, 3, 64, (0, 1), seed=2).images, copies.images)
    shares = copies.logits.softmax(1)[3:, 1]
    difference = copies.images[3:, :1].float() - copies.images[3:, 2:].float()
    red = torch.nn.functional.avg_pool2d(difference, 2)[:, 0]
    sure = (shares - 0.5).abs() > 0.45
    assert sure.float().mean() > 0.3
    # Colours change too, so that not every pixel of a thing stays redder than its ground.
    inside, outside = red[sure & (shares > 0.5)].mean(), red[sure & (shares < 0.5)].mean()
    assert inside > outside + 40


def test_shares_are_of_all_that_is_learned_from(teacher: Teacher, own: OwnPhotos) -> None:
    pictures = ArrayPictures(torch.zeros(30, 3, 256, 256, dtype=torch.uint8), torch.zeros(30, 2, 128, 128))
    neither = Painted.of(teacher, replace(QUICK, painted_photo_share=0.0), own)
    assert neither.among(pictures) is pictures
    assert Painted.of(teacher, QUICK, OwnPhotos(own.source)).among(pictures) is pictures
    both = Painted.of(teacher, replace(QUICK, painted_share=0.25, painted_photo_share=0.5), own)
    assert len(both.among(pictures)) == 80  # 30 and 10 pictures, and as many photos
    head = both.for_a_head(256, (0, 1), 0)
    assert head.photos is not None
    assert len(head.photos) == 3 * 41
    assert head.photo_share == 0.5
    with pytest.raises(BadOption, match="no labelled pictures to learn from; expected annotations"):
        Painted.of(replace(teacher, annotations=()), replace(QUICK, painted_share=0.25), own)


def test_a_network_learns_from_painted_photos(teacher: Teacher, own: OwnPhotos, tmp_path: Path) -> None:
    # What is painted is the opposite of what is seen, so that nothing else can have taught it.
    others = [replace(one, label_map=1 - one.label_map) for one in own.annotations]
    config = replace(QUICK, painted_photo_share=0.8, second_round=0.3)
    place = Place.within(tmp_path / "out")
    network = distil(teacher, place, config, own=OwnPhotos(own.source, others)).network
    shapes = [(90, 120, 40), (100, 100, 41), (120, 90, 42)]
    said = [network.segment(thing_photo(*shape)).label_map for shape in shapes]
    right = [(one != thing_labels(*shape)).mean() for one, shape in zip(said, shapes, strict=True)]
    assert np.mean(right) > 0.8


def test_a_head_takes_its_statistics_from_photos(
    teacher: Teacher, own: OwnPhotos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = HeadConfig(n_steps=2, batch_size=2, label_px=16)
    monkeypatch.setattr(head_distillation, "HeadConfig", lambda: quick)
    monkeypatch.setattr("partly.synthesis.distil.own_photos._N_CHANGED", 3)
    reader = PictureReader(tiny_encoder().at_size(56), FeatureStore(tmp_path / "features"))
    place = Place.within(tmp_path / "out")
    fast = new_network(teacher.part_set, QUICK, None)
    heads = [distil_head(teacher, place, QUICK, reader, fast, of) for of in (own, own)]
    assert torch.equal(heads[0].first.weight, heads[1].first.weight)
    means = [torch.cat([*head.standardiser.means]) for head in heads]
    assert torch.equal(means[0], means[1])
    squares = own.unpainted(QUICK, tmp_path / "squares")
    assert squares is not None
    assert squares.names == ("3.png", "4.png", "5.png")
    read = [reader.pyramid(torch.from_numpy(s.copy()).permute(2, 0, 1)) for s in squares.squares]
    levels = zip(*(pyramid.maps for pyramid in read), strict=True)
    expected = torch.cat([torch.cat(level).mean((0, 2, 3)) for level in levels])
    torch.testing.assert_close(means[0].flatten(), expected, atol=1e-3, rtol=1e-3)


def test_too_few_other_photos_are_no_statistics(own: OwnPhotos, tmp_path: Path) -> None:
    few = OwnPhotos(own.source.among(["0.png", "1.png", "3.png"]), own.annotations[:2])
    assert few.unpainted(QUICK, tmp_path / "squares") is None


def test_a_photo_that_has_changed_is_refused(own: OwnPhotos, photo_folder: Path) -> None:
    (photo_folder / "1.png").write_bytes((photo_folder / "5.png").read_bytes())
    with pytest.raises(BadLabel, match=r"belongs to the photo '1.png' as it was before"):
        own.painted(2, SIZES)

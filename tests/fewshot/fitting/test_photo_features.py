"""Features of photos: fit on one labelled photo, segment another; no generator anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import partly
from partly.data.labels.annotation import Annotation, load_annotation, save_annotation
from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED, PartSet
from partly.data.labels.pictured import Picture
from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sets import Window, make_photo_set, squared
from partly.data.photos.photo_sources import find_photos
from partly.data.portraits.portrait import Portrait
from partly.data.portraits.portrait_sets import draw_portraits
from partly.errors import BadLabel, BadOption
from partly.fewshot.acquisition.promising_pictures import propose
from partly.fewshot.acquisition.representative_pictures import representative
from partly.fewshot.acquisition.unsure_pictures import propose_unsure
from partly.fewshot.features.feature_source import FeatureSource
from partly.fewshot.features.photo_features import PhotoFeatures
from partly.models.encoders.vae_encoder import VAEEncoder, VAEEncoderShape
from partly.models.generators.truncation import Truncation
from partly.models.generators.vae_decoder import VAEDecoder, VAEShape
from partly.studio.live.live_segmenter import LiveSegmenter
from partly.studio.live.slic_superpixels import superpixels
from partly.training.adversarial.gan_batches import SquareBatches
from partly.training.variational.vae_config import VAEConfig
from partly.training.variational.vae_loop import VAEParts, train_vae
from tests.fakes import thing_annotation, tiny_generator

SIZE_PX, N_PHOTOS = 32, 24
PARTS = PartSet.from_names(("background", "face", "hair", "clothes"))
_GROUPS = {"background": 0, "hair": 2, "cloth": 3}
GROUP_OF = np.array([_GROUPS.get(name, 1) for name in FACE_PARTS.names], np.uint8)
QUICK = partly.FewShotConfig(n_statistics=12, n_self_training=4)


def truth(portrait: Portrait) -> np.ndarray:
    return GROUP_OF[portrait.label_map]


@pytest.fixture(scope="module")
def portraits() -> list[Portrait]:
    return list(draw_portraits(N_PHOTOS, SIZE_PX, seed=0))


@pytest.fixture(scope="module")
def photos(portraits: list[Portrait], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number, portrait in enumerate(portraits):
        write_png(folder / f"{number:02}.png", portrait.pixels)
    return folder


@pytest.fixture(scope="module")
def encoder_folder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A VAE trained for two seconds; its decoder is thrown away."""
    folder = tmp_path_factory.mktemp("vae")
    squares = make_photo_set(find_photos(photos), folder / "squares", SIZE_PX)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        parts = VAEParts(
            VAEDecoder(VAEShape(SIZE_PX, 16, channel_base=128, most_channels=16)),
            VAEEncoder(VAEEncoderShape(SIZE_PX, 16, channel_base=256, most_channels=32)),
        )
    config = VAEConfig(20, batch_size=8, learning_rate=2e-3, ema_half_life=100)
    train_vae(parts, SquareBatches(squares, 8), config).encoder.save(folder / "encoder", {})
    return folder / "encoder"


@pytest.fixture
def source(encoder_folder: Path, photos: Path) -> PhotoFeatures:
    return partly.photo_features(encoder_folder, photos)


def labelled(source: PhotoFeatures, portraits: list[Portrait], number: int) -> Annotation:
    photo = source.picture(f"{number:02}.png")
    return Annotation(
        f"p{number}", truth(portraits[number]), photo=photo.photo, photo_sha256=photo.photo_sha256
    )


def mean_iou(found: Iterator[np.ndarray], wanted: list[np.ndarray]) -> float:
    pairs = list(zip(found, wanted, strict=True))
    ious = []
    for part in range(PARTS.n_parts):
        both = sum(((a == part) & (b == part)).sum() for a, b in pairs)
        either = sum(((a == part) | (b == part)).sum() for a, b in pairs)
        ious.append(both / either)
    return float(np.mean(ious))


def test_one_labelled_photo_segments_others(source: PhotoFeatures, portraits: list[Portrait]) -> None:
    assert isinstance(source, FeatureSource)
    teacher = partly.fit_few_shot(source, [labelled(source, portraits, 2)], PARTS, QUICK)
    others = list(draw_portraits(8, SIZE_PX, seed=5))
    wanted = [truth(portrait) for portrait in others]
    reached = mean_iou((teacher.segment(p.pixels) for p in others), wanted)
    draws = np.random.default_rng(0)
    chance = mean_iou((draws.permutation(w.ravel()).reshape(w.shape) for w in wanted), wanted)
    assert reached > 2 * chance
    assert reached > 0.35


def test_photo_teachers_are_kept(
    source: PhotoFeatures, portraits: list[Portrait], encoder_folder: Path, photos: Path, tmp_path: Path
) -> None:
    teacher = partly.fit_few_shot(source, [labelled(source, portraits, 2)], PARTS, QUICK)
    teacher.save(tmp_path / "teacher")
    kept = partly.Teacher.load(tmp_path / "teacher", partly.photo_features(encoder_folder, photos))
    assert np.array_equal(kept.segment(portraits[3].pixels), teacher.segment(portraits[3].pixels))
    picture = source.picture("03.png")
    assert torch.equal(kept(picture, 32), teacher(picture, 32))
    padded = partly.photo_features(encoder_folder, photos, "pad")
    with pytest.raises(
        BadOption, match=r"a teacher that was fitted on features of .*Use the generator, or the"
    ):
        partly.Teacher.load(tmp_path / "teacher", padded)
    with pytest.raises(BadOption, match="a teacher without a source of features"):
        partly.Teacher.load(tmp_path / "teacher").segment(portraits[3].pixels)
    with pytest.raises(
        BadOption, match=r"a teacher that was fitted on features of .*of the source that is given"
    ):
        partly.distil(tiny_generator(), teacher)
    with pytest.raises(
        BadOption, match="a teacher that reads photos; expected one that was fitted on pictures"
    ):
        _ = teacher.generator


def test_annotations_of_photos_are_kept_with_photo_and_digest(
    source: PhotoFeatures, portraits: list[Portrait], tmp_path: Path
) -> None:
    save_annotation(tmp_path, labelled(source, portraits, 2), PARTS)
    kept = load_annotation(tmp_path, "p2", PARTS)
    assert (kept.w, kept.photo) == (None, "02.png")
    source.check(kept)


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_label_maps_follow_photos_that_are_no_squares(
    fit: str, encoder_folder: Path, portraits: list[Portrait], tmp_path: Path
) -> None:
    for number, portrait in enumerate(portraits[:6]):
        wide = np.pad(portrait.pixels, ((0, 0), (7, 14), (0, 0)), mode="edge")
        write_png(tmp_path / f"{number}.png", wide)
    source = partly.photo_features(encoder_folder, tmp_path, fit)  # type: ignore[arg-type]
    label_map = np.pad(truth(portraits[0]), ((0, 0), (7, 14)), constant_values=0)
    photo = source.picture("0.png")
    annotation = Annotation("wide", label_map, photo=photo.photo, photo_sha256=photo.photo_sha256)
    config = replace(QUICK, allow_missing_parts=True)
    teacher = partly.fit_few_shot(source, [annotation], PARTS, config)
    said = teacher.segment(tmp_path / "1.png")
    assert said.shape == label_map.shape
    outside = said == UNLABELLED
    if fit == "crop":
        assert outside[:, :10].all()
        assert outside[:, 42:].all()
        assert not outside[:, 10:42].any()
    else:
        assert not outside.any()
    assert (said == np.pad(truth(portraits[1]), ((0, 0), (7, 14))))[~outside].mean() > 0.45


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (8, 8), (6, 9), (7, 4)])
def test_windows_cut_label_maps_as_photos_are_squared(fit: str, shape: tuple[int, int]) -> None:
    height, width = shape
    ids = np.arange(height * width, dtype=np.uint8).reshape(shape)
    window = Window.of(height, width, fit)  # type: ignore[arg-type]
    cut = window.cut(ids, 255)
    # At its own size a photo is not resized, so that its square has its very pixels.
    square = squared(np.repeat(ids[:, :, None], 3, axis=2), window.side, fit)[:, :, 0]  # type: ignore[arg-type]
    assert np.array_equal(cut[cut != 255], square[cut != 255])
    pasted = window.paste(cut, height, width, 255)
    kept = pasted != 255
    assert np.array_equal(pasted[kept], ids[kept])
    assert kept.sum() == min(shape) ** 2 if fit == "crop" else kept.all()


def test_proposals_are_photos(source: PhotoFeatures, portraits: list[Portrait]) -> None:
    annotation = labelled(source, portraits, 2)
    teacher = partly.fit_few_shot(source, [annotation], PARTS, QUICK)
    for chosen in (
        propose(source, 3),
        propose(source, 3, together=True),
        representative(source, 3, known=[annotation]),
        propose_unsure(source, teacher.segmenter, 3, known=[annotation]),
    ):
        names = {proposal.picture.photo for proposal in chosen}
        assert len(names) == 3
        assert {proposal.truncation for proposal in chosen} == {1.0}
    known = {
        p.picture.photo for p in propose_unsure(source, teacher.segmenter, N_PHOTOS - 1, known=[annotation])
    }
    assert known == {f"{number:02}.png" for number in range(N_PHOTOS)} - {"02.png"}
    with pytest.raises(ValueError, match="is a photo, which has no latent"):
        _ = chosen[0].w
    with pytest.raises(BadOption, match="25 pictures of 24"):
        propose(source, N_PHOTOS + 1)


def test_the_live_segmenter_follows_the_brush_on_photos(
    source: PhotoFeatures, portraits: list[Portrait]
) -> None:
    live = LiveSegmenter(source, PARTS, n_wall=5)
    live.warm_up()
    annotation = labelled(source, portraits, 2)
    live.show(annotation)
    live.learn(annotation, annotation.label_map)
    assert live.solve()
    assert (live.predict("p2").labels == annotation.label_map).mean() > 0.6
    assert live.predict_wall().labels.shape == (5, SIZE_PX, SIZE_PX)
    assert 0 < live.uncertainty(source.picture("04.png")) < 1
    assert all(picture.photo for picture in live.wall)
    regions = superpixels(source, annotation, 40)
    assert regions.shape == (SIZE_PX, SIZE_PX)
    assert len(np.unique(regions)) > 10


def test_each_plain_photo_comes_once_in_an_order_of_the_seed(source: PhotoFeatures) -> None:
    def order(seed: int) -> list[str | None]:
        return [source.plain("proposals", seed, i, Truncation()).photo for i in range(N_PHOTOS)]

    assert sorted(map(str, order(0))) == [f"{number:02}.png" for number in range(N_PHOTOS)]
    assert order(0) == order(0) != order(1)


def test_features_are_what_the_encoder_gives_up_to_a_size(source: PhotoFeatures, photos: Path) -> None:
    picture = source.picture("00.png")
    pyramid = source.pyramid(picture, 16)
    assert [m.shape[-1] for m in pyramid.maps] == [4, 8, 16]
    whole = source.with_image(picture, SIZE_PX)
    assert whole.images is not None
    assert torch.equal(source.encoder.read(whole.images).maps[1], pyramid.maps[1])
    digest = hashlib.sha256((photos / "00.png").read_bytes()).hexdigest()
    assert picture.photo_sha256 == digest


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"photo": "away.png", "photo_sha256": "0" * 64},
            r"belongs to the photo 'away.png', which is not there; expected one of 00.png, ",
        ),
        (
            {"photo_sha256": "0" * 64},
            r"photo '02.png' as it was before; expected .*Bring the photo back, or delete",
        ),
    ],
)
def test_photos_that_are_not_those_that_were_labelled(
    change: dict[str, str], text: str, source: PhotoFeatures, portraits: list[Portrait]
) -> None:
    annotation = replace(labelled(source, portraits, 2), **change)  # type: ignore[arg-type]
    with pytest.raises(BadLabel, match=text):
        partly.fit_few_shot(source, [annotation], PARTS, QUICK)


def test_generated_pictures_and_photos_do_not_mix(source: PhotoFeatures, portraits: list[Portrait]) -> None:
    generated = thing_annotation(tiny_generator(), 0)
    parts = PartSet.from_names(("background", "thing"))
    with pytest.raises(BadLabel, match="'p0' belongs to a generated picture; expected a photo"):
        partly.fit_few_shot(source, [generated], parts, QUICK)
    with pytest.raises(BadLabel, match="'p2' belongs to a photo; expected a picture of the generator"):
        partly.fit_few_shot(tiny_generator(), [labelled(source, portraits, 2)], PARTS, QUICK)


def test_sources_need_photos_and_a_fit_and_encoders_are_none(source: PhotoFeatures) -> None:
    with pytest.raises(BadOption, match="no photos; expected one or more"):
        PhotoFeatures(source.encoder, [])
    with pytest.raises(BadOption, match="fit is 'stretch'; expected one of whole, crop, pad"):
        PhotoFeatures(source.encoder, list(source._photos.values()), "stretch")  # type: ignore[arg-type]
    with pytest.raises(BadOption, match=r'squares of 32 px, and no other shape; expected fit="crop" or'):
        PhotoFeatures(source.encoder, list(source._photos.values()), "whole")
    with pytest.raises(
        BadOption, match=r"there is no photo 'x'; expected one of 00.png, 01.png, 02.png and 21 more"
    ):
        source.picture("x")
    with pytest.raises(BadOption, match=r"a VAEEncoder gives no features of pictures.*partly.photo_features"):
        partly.fit_few_shot(source.encoder, [], PARTS)  # type: ignore[arg-type]
    assert isinstance(source.plain("wall", 0, 0, Truncation()), Picture)


def test_a_photo_that_was_renamed_is_found_by_its_digest(
    source: PhotoFeatures, portraits: list[Portrait]
) -> None:
    annotation = labelled(source, portraits, 2)
    moved = replace(annotation, photo="elsewhere/old-name.png")
    source.check(moved)
    assert torch.equal(source.pyramid(moved, 16).maps[-1], source.pyramid(annotation, 16).maps[-1])

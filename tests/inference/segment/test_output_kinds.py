"""Masks, probabilities and cutouts: their values, their names, and that runs go on."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from partly.data.labels.label_maps import read_label_map
from partly.data.labels.part_sets import PartSet
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadLabel, BadOption, PartlyError
from partly.inference.segment import output_kinds as kinds_module
from partly.inference.segment import part_probabilities as strips_module
from partly.inference.segment.output_kinds import Cutouts, Masks, ProbabilityArrays, ProbabilityPngs
from partly.inference.segment.segment_folder import segment_all
from partly.inference.segment.segment_photo_file import segment_photo, segmentation_of
from partly.inference.segment.segment_records import Summary
from partly.inference.segment.segmentation import Segmentation
from tests.inference.segment.networks import PART_SET, ColourNetwork, FixedNetwork, PlaceNetwork
from tests.inference.segment.test_folder import tree
from tests.inference.segment.test_photo import two_halves


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.fromarray(two_halves(20, 30)).save(folder / "a.png")
    Image.fromarray(two_halves(9, 7)).save(folder / "sub" / "b.png")
    return folder


def run(photos: Path, out: Path, network: Any = None, **options: Any) -> Summary:
    return segment_all(network or ColourNetwork(), find_photos(photos), out, **options)


def read(path: Path) -> np.ndarray:
    return np.array(Image.open(path))


@pytest.mark.parametrize(("height", "width"), [(31, 23), (40, 4), (5, 5)])
def test_probabilities_are_the_softmax_of_the_logits(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strips_module, "STRIP_VALUES", 100)
    logits = 3 * torch.randn((3, 8, 6), generator=torch.Generator().manual_seed(0))
    found = segmentation_of(logits, np.zeros((height, width, 3), np.uint8), PART_SET, refine=False)
    shrinks = height <= 8 and width <= 6
    resized = F.interpolate(logits[None], (height, width), mode="bilinear", antialias=shrinks)[0]
    expected = resized.softmax(0).numpy()
    for part, values in zip(PART_SET.names, expected, strict=True):
        np.testing.assert_allclose(found.probability(part), values, atol=1e-6)
    best = np.take_along_axis(expected, found.label_map[None].astype(int), 0)[0]
    np.testing.assert_allclose(found.confidence, best, atol=1e-6)
    with pytest.raises(BadLabel, match="there is no part 'nose'"):
        found.probability("nose")


def test_opacity_follows_the_odds() -> None:
    # p : q of 1 : 3, 1 : 1, 2 : 1 and 3 : 1 for the likelier of two parts against the background.
    odds = np.array([1 / 9, 1 / 3, 1, 2, 3, 9])
    logits = torch.from_numpy(np.log(np.stack([np.ones(6), odds, odds / 50]))).float()[:, None]
    found = segmentation_of(logits, np.zeros((1, 6, 3), np.uint8), PART_SET, refine=False)
    expected = np.rint(255 * np.clip(2 * odds / (1 + odds) - 0.5, 0, 1))
    np.testing.assert_allclose(found.opacity(["left", "right"])[0], expected, atol=1)
    np.testing.assert_allclose(found.opacity(["background"])[0], 255 - expected, atol=1)
    np.testing.assert_array_equal(found.opacity(PART_SET.names), np.full((1, 6), 255))


def test_of_a_label_map_alone_no_probabilities_are_known() -> None:
    alone = Segmentation(np.zeros((2, 2), np.uint8), np.ones((2, 2), np.float32), PART_SET)
    with pytest.raises(ValueError, match="nothing but the label map is known"):
        alone.probability("left")
    with pytest.raises(ValueError, match="nothing but the label map is known"):
        alone.opacity(["left"])


def test_masks(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path, masks=True, overlay=False, areas=None)
    files = {name for name in tree(tmp_path) if name.startswith("masks")}
    assert files == {f"masks/{part}/{name}.png" for part in PART_SET.names for name in ("a", "sub/b")}
    labels = read_label_map(tmp_path / "labels" / "a.png", PART_SET)
    for number, part in enumerate(PART_SET.names):
        mask = Image.open(tmp_path / "masks" / part / "a.png")
        assert mask.mode == "L"
        np.testing.assert_array_equal(np.array(mask), np.where(labels == number, 255, 0))


def test_probabilities_as_16_bit_pngs(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path, probabilities="png", mirror_average=False)
    found = segment_photo(ColourNetwork(), photos / "a.png", mirror_average=False)
    total = np.zeros((20, 30), int)
    for part in PART_SET.names:
        picture = Image.open(tmp_path / "probabilities" / part / "a.png")
        assert picture.mode == "I;16"
        np.testing.assert_array_equal(np.array(picture), np.rint(found.probability(part) * 65535))
        total += np.array(picture)
    assert np.abs(total - 65535).max() <= 2


def test_probabilities_as_arrays(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips_module, "STRIP_VALUES", 100)
    run(photos, tmp_path, probabilities="npz", mirror_average=False)
    found = segment_photo(ColourNetwork(), photos / "sub" / "b.png", mirror_average=False)
    with np.load(tmp_path / "probabilities" / "sub" / "b.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"probabilities", "parts"}
        values, parts = arrays["probabilities"], arrays["parts"]
    assert tuple(parts) == PART_SET.names
    assert (values.dtype, values.shape) == (np.float16, (3, 9, 7))
    expected = [found.probability(part).astype(np.float16) for part in PART_SET.names]
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_allclose(values.astype(float).sum(0), 1, atol=1e-3)


def test_a_cutout_shows_the_photo_where_its_parts_are(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path, cutout=("right", "left", "right"), mirror_average=False)
    assert (tmp_path / "cutouts" / "left+right" / "sub" / "b.png").is_file()
    cutout = Image.open(tmp_path / "cutouts" / "left+right" / "a.png")
    assert cutout.mode == "RGBA"
    np.testing.assert_array_equal(np.array(cutout)[..., :3], two_halves(20, 30))
    assert np.array(cutout)[..., 3].min() == 255  # both halves are all of it
    run(photos, tmp_path, cutout=["left"], mirror_average=False)
    pixels = read(tmp_path / "cutouts" / "left" / "a.png")
    labels = read_label_map(tmp_path / "labels" / "a.png", PART_SET)
    np.testing.assert_array_equal(pixels[..., 3] >= 128, labels == 1)
    empty = pixels[..., 3] == 0
    assert empty.any()
    assert not pixels[empty].any()
    run(photos, tmp_path, cutout=["background"], mirror_average=False)
    assert not read(tmp_path / "cutouts" / "background" / "a.png").any()


NAMES = ("..", "a/b", "A_b", "con", "Ö", "x" * 200, "y" * 200)


def test_parts_of_any_name_have_folders_of_their_own(photos: Path, tmp_path: Path) -> None:
    network = FixedNetwork(torch.randn(1, len(NAMES), 16, 16))
    network.part_set = PartSet.from_names(NAMES)
    run(
        photos,
        tmp_path / "out",
        network,
        masks=True,
        probabilities="png",
        cutout=NAMES[-2:],
        mirror_average=False,
    )
    expected = {"__", "a_b", "A_b~2", "_con", "Ö", "x" * 100, "y" * 100}
    assert {path.name for path in (tmp_path / "out" / "masks").iterdir()} == expected
    assert {path.name for path in (tmp_path / "out" / "probabilities").iterdir()} == expected
    (folder,) = (tmp_path / "out" / "cutouts").iterdir()
    assert folder.name.startswith("x" * 100 + "+1~")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]


def test_the_same_call_twice_writes_nothing(photos: Path, tmp_path: Path) -> None:
    options = {"masks": True, "probabilities": "npz", "cutout": ["left"]}
    network, out = ColourNetwork(), tmp_path / "out"
    run(photos, out, network, **options)
    before, n_seen = tree(out), len(network.seen)
    assert len(run(photos, out, network, **options).kept) == 2
    assert (tree(out), len(network.seen)) == (before, n_seen)


@pytest.mark.parametrize(
    ("more", "folder"),
    [
        ({"masks": True}, "masks/left"),
        ({"probabilities": "png"}, "probabilities/right"),
        ({"probabilities": "npz"}, "probabilities"),
        ({"cutout": ["left"]}, "cutouts/left"),
    ],
)
def test_what_is_asked_for_later_is_made(
    more: dict[str, Any], folder: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(photos, out)
    before = tree(out)
    assert len(run(photos, out, **more).segmented) == 2
    after = tree(out)
    assert any(name.startswith(f"{folder}/a.") for name in after)
    assert {name: after[name] for name in before if ".partly" not in name} == {
        name: data for name, data in before.items() if ".partly" not in name
    }
    # All of it is known from now on, in any choice.
    assert len(run(photos, out).kept) == 2
    assert len(run(photos, out, **more, overlay=False).kept) == 2
    next((out / folder).glob("a.*")).unlink()
    assert run(photos, out, **more).segmented == ("a.png",)


def test_results_of_another_network_are_not_taken_for_this_ones(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out, masks=True)
    assert len(run(photos, out, size_px=8, overlay=False).segmented) == 2
    left = {name for name in tree(out) if name.startswith(("masks", "overlays"))}
    assert not left
    assert len(run(photos, out, size_px=8, masks=True).segmented) == 2


def test_folders_of_earlier_versions_go_on(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out)
    for path in (out / ".partly").rglob("*.json"):
        record = json.loads(path.read_text())
        del record["files"]
        path.write_text(json.dumps(record))
    assert len(run(photos, out).kept) == 2
    assert len(run(photos, out, masks=True).segmented) == 2


def test_a_record_that_somebody_edited_removes_nothing_outside(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out)
    (tmp_path / "mine.txt").touch()
    for name in ("../mine.txt", str(tmp_path / "mine.txt")):
        path = out / ".partly" / "segment" / "a.json"
        record = json.loads(path.read_text())
        path.write_text(json.dumps(record | {"files": [*record["files"], name]}))
        run(photos, out, size_px=8 if name.startswith("..") else 9)
        assert (tmp_path / "mine.txt").exists()


def test_all_results_of_a_photo_that_now_fails_are_removed(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out, masks=True, probabilities="npz", cutout=["left"])
    (photos / "a.png").write_bytes(b"broken now")
    assert [name for name, _ in run(photos, out).failed] == ["a.png"]
    assert not [name for name in tree(out) if Path(name).stem == "a"]


def test_a_disk_that_is_full_amid_the_masks_loses_nothing(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, n_left, write = tmp_path / "out", 4, kinds_module.write_png

    def full(path: Path, pixels: np.ndarray) -> None:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, pixels)

    monkeypatch.setattr(kinds_module, "write_png", full)
    with pytest.raises(PartlyError, match="no space is left on the disk"):
        run(photos, out, masks=True, at_once=1)
    monkeypatch.undo()
    summary = run(photos, out, masks=True)
    assert (summary.kept, summary.segmented) == (("a.png",), ("sub/b.png",))
    run(photos, tmp_path / "whole", masks=True)
    assert tree(out) == tree(tmp_path / "whole")


def test_an_npz_that_is_not_finished_is_none(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(kinds_module, "_add_array", full)
    with pytest.raises(PartlyError, match="no space is left"):
        run(photos, tmp_path / "out", probabilities="npz", at_once=1)
    assert not list((tmp_path / "out" / "probabilities").iterdir())


def test_unknown_choices_are_refused_before_anything_is_written(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOption) as caught:
        run(photos, tmp_path / "out", cutout=["left", "nose"])
    assert str(caught.value) == (
        "there is no part 'nose' to cut out; expected one or several of background, left, right."
    )
    with pytest.raises(BadOption, match="probabilities is 'exr'; expected one of png, npz"):
        run(photos, tmp_path / "out", probabilities="exr")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "kind",
    [Masks(PART_SET), ProbabilityPngs(PART_SET), ProbabilityArrays(PART_SET), Cutouts(PART_SET, ("left",))],
    ids=["masks", "pngs", "arrays", "cutouts"],
)
def test_what_a_kind_names_it_writes(kind: Any, photos: Path, tmp_path: Path) -> None:
    source = find_photos(photos)[0]
    segmentation = segment_photo(PlaceNetwork(), source.read())
    kind.write(tmp_path / "out", "deep/name", source.read(), segmentation)
    assert tree(tmp_path / "out").keys() == set(kind.files("deep/name"))
    assert all(file.startswith(f"{kind.folder}/") for file in kind.files("deep/name"))
    before = tree(tmp_path / "out")
    kind.write(tmp_path / "out", "deep/name", source.read(), segmentation)
    assert tree(tmp_path / "out") == before


def test_one_part_to_cut_out_may_be_a_text(photos: Path, tmp_path: Path) -> None:
    run(photos, tmp_path / "out", cutout="left")
    assert (tmp_path / "out" / "cutouts" / "left" / "a.png").is_file()

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from partly.data.label_formats import read_labels
from partly.data.labels.label_maps import read_label_map
from partly.data.photos.photo import read_photo
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadOption, PartlyError, PartsFailed
from partly.inference.segment import segment_folder as folder_module
from partly.inference.segment.output_kinds import Overlays
from partly.inference.segment.segment_folder import network_digest, segment_all
from partly.inference.segment.segment_options import THOROUGH, SegmentOptions
from partly.inference.segment.segment_photo_file import segment_photo
from partly.inference.segment.segment_records import Progress, Summary
from partly.storage import files
from tests.inference.segment.networks import PART_SET, ColourNetwork, PlaceNetwork
from tests.inference.segment.test_photo import two_halves


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Four photos, one of them broken."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.fromarray(two_halves(20, 30)).save(folder / "a.png")
    Image.fromarray(two_halves(30, 20)).save(folder / "a.webp", lossless=True)
    (folder / "broken.jpg").write_bytes(b"no photo")
    Image.fromarray(two_halves(8, 8)).save(folder / "sub" / "c.png")
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def run(photos: Path, out: Path, network: Any = None, **options: Any) -> Summary:
    return segment_all(network or ColourNetwork(), find_photos(photos), out, **options)


def test_the_results_of_a_folder(photos: Path, tmp_path: Path) -> None:
    out, steps = tmp_path / "deep" / "out", []
    summary = run(photos, out, progress=steps.append)
    assert summary.segmented == ("a.png", "a.webp", "sub/c.png")
    assert summary.kept == ()
    assert [name for name, _ in summary.failed] == ["broken.jpg"]
    assert summary.n_photos == 4
    assert summary.areas_path == out / "areas.json"
    assert {name for name in tree(out) if not name.startswith(".partly/")} == {
        "areas.json",
        "labels/a.png",
        "labels/a.webp.png",
        "labels/sub/c.png",
        "overlays/a.jpg",
        "overlays/a.webp.jpg",
        "overlays/sub/c.jpg",
    }
    expected = segment_photo(ColourNetwork(), photos / "a.webp")
    np.testing.assert_array_equal(read_label_map(out / "labels" / "a.webp.png", PART_SET), expected.label_map)
    overlay = read_photo(out / "overlays" / "a.jpg")
    assert (overlay.width_px, overlay.height_px) == (30, 20)
    assert steps == [
        Progress("a.png", "segmented", 1, 4),
        Progress("a.webp", "segmented", 2, 4),
        Progress("broken.jpg", "failed", 3, 4),
        Progress("sub/c.png", "segmented", 4, 4),
    ]


def test_areas_as_json(photos: Path, tmp_path: Path) -> None:
    network = ColourNetwork()
    run(photos, tmp_path / "out", network, mirror_average=False)
    values = json.loads((tmp_path / "out" / "areas.json").read_text())
    assert values["network_sha256"] == network_digest(network)
    assert values["size_px"] == 16
    assert values["mirror_average"] is False
    first = values["photos"][0]
    assert first["photo"] == "a.png"
    assert first["label_map"] == "labels/a.png"
    assert (first["width_px"], first["height_px"]) == (30, 20)
    assert list(first["parts"]) == ["background", "left", "right"]
    areas = segment_photo(network, photos / "a.png", mirror_average=False).areas()
    assert [part["n_pixels"] for part in first["parts"].values()] == [area.n_pixels for area in areas]
    assert first["parts"]["background"] == {"n_pixels": 0, "share": 0.0, "confidence": None}
    assert first["parts"]["left"]["confidence"] == pytest.approx(areas[1].confidence, abs=1e-4)
    assert values["failed"][0]["photo"] == "broken.jpg"
    assert "is no image of a known format" in values["failed"][0]["reason"]


def test_areas_as_csv(photos: Path, tmp_path: Path) -> None:
    summary = run(photos, tmp_path / "out", areas="csv", mirror_average=False)
    assert summary.areas_path == tmp_path / "out" / "areas.csv"
    lines = summary.areas_path.read_text().splitlines()
    assert lines[0] == "photo,label_map,width_px,height_px,part,n_pixels,share,confidence"
    assert len(lines) == 1 + 3 * 3
    assert lines[1].startswith("a.png,labels/a.png,30,20,background,0,0.0,")
    assert not (tmp_path / "out" / "areas.json").exists()


def test_without_overlays_and_areas(photos: Path, tmp_path: Path) -> None:
    summary = run(photos, tmp_path / "out", overlay=False, areas=None)
    assert summary.areas_path is None
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [".partly", "labels"]


def test_zips_are_segmented_too(photos: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted(photos.rglob("*.*")):
            archive.write(path, path.relative_to(photos).as_posix())
    summary = run(tmp_path / "a.zip", tmp_path / "out")
    run(photos, tmp_path / "other")
    assert summary.failed[0][1].startswith(f"{tmp_path}/a.zip/broken.jpg: is no image")
    labels = {name: data for name, data in tree(tmp_path / "out").items() if name.startswith("labels")}
    assert labels == {
        name: data for name, data in tree(tmp_path / "other").items() if name.startswith("labels")
    }


def test_photos_that_fail_are_listed_at_the_end(photos: Path, tmp_path: Path) -> None:
    summary = run(photos, tmp_path / "out")
    with pytest.raises(PartsFailed) as caught:
        summary.raise_failures()
    assert caught.value.exit_code == 4
    assert str(caught.value) == (
        f"1 of 4 photos could not be segmented: {photos}/broken.jpg: is no image of a known format, or"
        " damaged in its first bytes; expected one of JPEG, PNG, WEBP, GIF, TIFF, BMP, PPM, JPEG2000, AVIF."
        " All others are done: mend or remove these, and run the same command again."
    )
    (photos / "broken.jpg").unlink()
    run(photos, tmp_path / "out").raise_failures()
    many = Summary(tmp_path, (), (), tuple((str(n), f"reason {n}.") for n in range(12)), None)
    with pytest.raises(PartsFailed, match=r"reason 9; and 2 more\."):
        many.raise_failures()


def test_finished_photos_are_kept(photos: Path, tmp_path: Path) -> None:
    out, network = tmp_path / "out", ColourNetwork()
    run(photos, out, network)
    before, n_seen = tree(out), len(network.seen)
    summary = run(photos, out, network)
    assert summary.kept == ("a.png", "a.webp", "sub/c.png")
    assert summary.segmented == ()
    assert len(summary.failed) == 1
    assert len(network.seen) == n_seen
    assert tree(out) == before


def test_what_changed_or_is_missing_is_done_again(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out)
    before = tree(out)
    (out / "labels" / "a.png").unlink()
    assert run(photos, out).segmented == ("a.png",)
    (out / "overlays" / "a.jpg").unlink()
    assert run(photos, out).segmented == ("a.png",)
    (out / ".partly" / "segment" / "a.json").write_text('{"key": ')
    assert run(photos, out).segmented == ("a.png",)
    (out / ".partly" / "segment" / "a.json").write_text("[]")
    assert run(photos, out).segmented == ("a.png",)
    assert tree(out) == before
    Image.fromarray(two_halves(9, 9)).save(photos / "a.png")
    assert run(photos, out).segmented == ("a.png",)
    assert read_label_map(out / "labels" / "a.png", PART_SET).shape == (9, 9)


def test_other_networks_and_options_segment_again(photos: Path, tmp_path: Path) -> None:
    out, network = tmp_path / "out", ColourNetwork()
    run(photos, out, network)
    assert len(run(photos, out, network, size_px=32).segmented) == 3
    assert len(run(photos, out, network, size_px=32, mirror_average=False).segmented) == 3
    assert len(run(photos, out, network, size_px=32, mirror_average=False, refine=True).segmented) == 3
    assert len(run(photos, out, network, size_px=32, mirror_average=False).segmented) == 3
    network.conv.bias.data += 0.5
    assert len(run(photos, out, network, size_px=32, mirror_average=False).segmented) == 3
    assert len(run(photos, out, network, size_px=32, mirror_average=False, overlay=False).kept) == 3


def test_networks_without_a_digest_segment_again(photos: Path, tmp_path: Path) -> None:
    network = PlaceNetwork()
    assert network_digest(network) is None
    for _ in range(2):
        assert len(run(photos, tmp_path / "out", network).segmented) == 3
    network.digest = "0123"  # type: ignore[attr-defined]
    assert network_digest(network) == "0123"
    run(photos, tmp_path / "out", network)
    assert len(run(photos, tmp_path / "out", network).kept) == 3


def test_a_faster_copy_is_used_where_there_is_one(photos: Path, tmp_path: Path) -> None:
    class Slow(ColourNetwork):
        def for_inference(self) -> ColourNetwork:
            self.fast = ColourNetwork()
            return self.fast

    network = Slow()
    run(photos, tmp_path / "out", network)
    assert not network.seen
    assert len(network.fast.seen) == 3


def test_results_of_a_photo_that_now_fails_are_removed(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out)
    (photos / "a.png").write_bytes(b"broken now")
    summary = run(photos, out)
    assert [name for name, _ in summary.failed] == ["a.png", "broken.jpg"]
    assert not {"labels/a.png", "overlays/a.jpg", ".partly/segment/a.json"} & set(tree(out))
    assert "labels/a.webp.png" in tree(out)


class Stop(BaseException):
    """What a killed process leaves is what an exception leaves, and half-written files beside."""


def test_stopped_runs_end_at_the_same_files(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(photos, tmp_path / "whole")
    out, replace = tmp_path / "out", Path.replace
    n_files = len(tree(tmp_path / "whole"))
    n_stops = 0
    for n_before in range(n_files + 1):
        n_left = n_before

        def stopping(self: Path, target: Path) -> Path:
            nonlocal n_left
            if not n_left:
                target.with_name(f".{target.name}.abcd_123.part").write_bytes(b"half-written")
                raise Stop
            n_left -= 1
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", stopping)
        try:
            run(photos, out)
        except Stop:
            n_stops += 1
        monkeypatch.setattr(Path, "replace", replace)
    summary = run(photos, out)
    assert n_stops >= 4
    assert len(summary.kept) == 3
    assert tree(out) == tree(tmp_path / "whole")


def test_a_stop_while_options_change_does_not_mix_results(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(photos, out)
    before = tree(out)

    def stop(*args: object) -> None:
        raise Stop

    monkeypatch.setattr(Overlays, "write", stop)
    with pytest.raises(Stop):
        run(photos, out, PlaceNetwork(), at_once=1)
    monkeypatch.undo()
    assert tree(out)["labels/a.png"] != before["labels/a.png"]
    assert run(photos, out).segmented == ("a.png",)
    assert tree(out) == before


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kill -9 is of POSIX")
def test_kill_9_and_the_same_command_again(photos: Path, tmp_path: Path) -> None:
    script = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from partly.data.photos import find_photos
from partly.inference.segment import segment_all
from inference.segment.networks import ColourNetwork

def kill(step):
    if step.n_done == 2:
        os.kill(os.getpid(), signal.SIGKILL)

segment_all(ColourNetwork(), find_photos(sys.argv[2]), sys.argv[3], progress=kill)
"""
    tests = Path(__file__).parents[2]
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", script, tests, photos, out], check=False, env=os.environ)
    assert done.returncode == -signal.SIGKILL
    assert not (out / "areas.json").exists()
    summary = run(photos, out)
    # The third photo may have been done, too, beside the second.
    assert set(summary.kept) >= {"a.png", "a.webp"}
    assert sorted(summary.kept + summary.segmented) == ["a.png", "a.webp", "sub/c.png"]
    run(photos, tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_loses_nothing(
    code: int, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, write = tmp_path / "out", files.write_bytes
    n_left = 4

    def full(target: Path, data: bytes) -> None:
        nonlocal n_left
        n_left -= 1
        if n_left < 0:
            raise OSError(code, os.strerror(code))
        write(target, data)

    for room in ("labels.label_maps", "photos.encoding"):
        monkeypatch.setattr(f"partly.data.{room}.write_bytes", full)
    with pytest.raises(PartlyError) as caught:
        run(photos, out, at_once=1)
    assert str(caught.value) == (
        f"{out}: no space is left on the disk."
        " Free some space and run the same command again: finished photos are kept."
    )
    monkeypatch.undo()
    assert run(photos, out).kept == ("a.png", "a.webp")
    run(photos, tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


def test_folders_that_cannot_be_written_are_told(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PartlyError) as caught:
        run(photos, tmp_path / "file")
    assert str(caught.value) == (
        f"{tmp_path / 'file' / 'labels'}: cannot be written (Not a directory)."
        " Choose another folder, or mend its permissions, and run the same command again."
    )


def test_names_that_cannot_be_written_are_listed(photos: Path, tmp_path: Path) -> None:
    long = "x" * 300
    with zipfile.ZipFile(tmp_path / "long.zip", "w") as archive:
        archive.write(photos / "a.png", f"{long}.png")
    (failed,) = run(tmp_path / "long.zip", tmp_path / "long").failed
    assert failed[1] == (
        f"{tmp_path}/long.zip/{long}.png: its results cannot be written under its name (File name too long)."
        " Rename the photo."
    )
    (photos / "a.png").unlink()
    (photos / "sub.png").mkdir()
    (photos / "sub.png" / "d.png").write_bytes((photos / "sub" / "c.png").read_bytes())
    (photos / "sub.webp").write_bytes((photos / "a.webp").read_bytes())
    summary = run(photos, tmp_path / "out")
    assert summary.segmented == ("a.webp", "sub.png/d.png", "sub/c.png")
    reasons = dict(summary.failed)
    assert reasons["sub.webp"] == (
        f"{photos}/sub.webp: its results cannot be written under its name"
        " (a folder of results has the name of a file). Rename the photo."
    )


def test_who_comes_first_has_the_place_however_many_are_written_at_once(tmp_path: Path) -> None:
    (tmp_path / "in" / "b.png").mkdir(parents=True)
    Image.fromarray(two_halves(8, 8)).save(tmp_path / "in" / "b.png" / "c.png")
    Image.fromarray(two_halves(8, 8)).save(tmp_path / "in" / "b.bmp")
    for at_once in (1, 4):
        summary = run(tmp_path / "in", tmp_path / f"out{at_once}", at_once=at_once)
        assert (summary.segmented, [name for name, _ in summary.failed]) == (("b.bmp",), ["b.png/c.png"])
    assert tree(tmp_path / "out1") == tree(tmp_path / "out4")


@pytest.mark.parametrize(
    "name", ["x" * 251, "é" * 125, "写" * 83, "x" * 240], ids=["x", "e", "ideographs", "shorter"]
)
def test_names_as_long_as_the_disk_can_hold(name: str, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    (photos / "a.png").rename(folder / f"{name}.png")
    assert run(folder, tmp_path / "out").segmented == (f"{name}.png",)
    assert (tmp_path / "out" / "labels" / f"{name}.png").is_file()
    assert (tmp_path / "out" / "overlays" / f"{name}.jpg").is_file()
    assert run(folder, tmp_path / "out").kept == (f"{name}.png",)


def test_long_names_that_begin_alike_have_records_of_their_own(photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    for last in "ab":
        (folder / f"{'x' * 250}{last}.png").write_bytes((photos / "a.png").read_bytes())
    assert len(run(folder, tmp_path / "out").segmented) == 2
    assert len(run(folder, tmp_path / "out").kept) == 2
    assert len(list((tmp_path / "out" / ".partly" / "segment").iterdir())) == 2


def test_what_was_mended_is_told_also_when_it_is_kept(photos: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(photos / "d.jpg")
    (photos / "d.jpg").write_bytes((photos / "d.jpg").read_bytes()[:-2])
    for _ in range(2):
        summary = run(photos, tmp_path / "out")
        assert summary.mended == (("d.jpg", "its end marker is missing, all pixels are there"),)
    entries = json.loads((tmp_path / "out" / "areas.json").read_text())["photos"]
    assert {entry["photo"]: entry.get("mended") for entry in entries} == {
        "a.png": None,
        "a.webp": None,
        "d.jpg": ["its end marker is missing, all pixels are there"],
        "sub/c.png": None,
    }


def test_memory_errors_stop_one_photo_only(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(network: object, photo: Any, **options: Any) -> Any:
        if photo.width_px == 8:
            raise MemoryError
        return segment_photo(network, photo, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(folder_module, "segment_photo", picky)
    summary = run(photos, tmp_path / "out")
    assert dict(summary.failed)["sub/c.png"] == f"{photos}/sub/c.png: does not fit into memory."
    assert summary.segmented == ("a.png", "a.webp")


def test_files_that_cannot_be_read_are_listed(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("hashlib.file_digest", failing)
    summary = run(photos, tmp_path / "out")
    assert summary.failed[0] == ("a.png", f"{photos}/a.png: cannot be read (Input/output error).")


def test_options_that_cannot_be(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOption) as caught:
        run(photos, tmp_path / "out", areas="xml")
    assert str(caught.value) == "areas is 'xml'; expected json, csv or None."
    with pytest.raises(BadOption, match="size_px is -1"):
        run(photos, tmp_path / "out", size_px=-1)
    assert not (tmp_path / "out").exists()


def test_any_iterable_of_sources_will_do(photos: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    segment_all(ColourNetwork(), iter(find_photos(photos)), tmp_path / "out", progress=steps.append)
    assert {step.n_photos for step in steps} == {None}


def test_with_an_encoder_boundaries_follow_edges_and_it_looks_once() -> None:
    arguments = SegmentOptions().arguments()
    assert (arguments["refine"], arguments["mirror_average"]) == (False, True)
    arguments = SegmentOptions().arguments(with_encoder=True, with_fast=False)
    assert (arguments["refine"], arguments["mirror_average"]) == (True, False)
    assert SegmentOptions().arguments(with_encoder=True)["mirror_average"]
    assert SegmentOptions(mirror=True).arguments(with_encoder=True, with_fast=False)["mirror_average"]
    assert not SegmentOptions(mirror=False).arguments()["mirror_average"]
    assert SegmentOptions(thorough=True).arguments(with_encoder=True)["scales"] == THOROUGH


@pytest.mark.parametrize(
    ("format_name", "files"),
    [
        ("labelme", ["labelme/a.json", "labelme/a.webp.json", "labelme/sub/c.json"]),
        ("x-anylabeling", ["x-anylabeling/a.json", "x-anylabeling/a.webp.json", "x-anylabeling/sub/c.json"]),
        ("coco", ["coco.json"]),
        ("cvat", ["cvat.xml"]),
        ("yolo", ["yolo/data.yaml", "yolo/labels/a.txt", "yolo/labels/a.webp.txt", "yolo/labels/sub/c.txt"]),
        ("label-studio", ["label-studio.json"]),
        ("via", ["via.json"]),
        (
            "colour-png",
            ["colour-png/a.png", "colour-png/a.webp.png", "colour-png/labelmap.txt", "colour-png/sub/c.png"],
        ),
        ("png", ["png/a.png", "png/a.webp.png", "png/sub/c.png"]),
    ],
)
def test_drafts_for_labelling_programs(
    photos: Path, tmp_path: Path, format_name: str, files: list[str]
) -> None:
    out = tmp_path / "out"
    run(photos, out, PlaceNetwork(), overlay=False, draft_format=format_name)
    drafts = {name for name in tree(out) if not name.startswith((".partly/", "labels/", "areas."))}
    assert sorted(drafts) == files
    if format_name == "label-studio":
        path = out / files[0]
        path.write_text(path.read_text().replace('"predictions"', '"annotations"'))
    place = out / files[0].partition("/")[0]
    shapes = {"a": (20, 30), "a.webp": (30, 20), "c": (8, 8)}

    def size_of(name: str, path: Path) -> tuple[int, int]:
        return shapes[name if name == "a.webp" else Path(name).stem]

    named = read_labels(place, PART_SET, size_of=size_of)
    expected = [
        read_label_map(out / "labels" / name, PART_SET) for name in ("a.png", "a.webp.png", "sub/c.png")
    ]
    assert len(named) == 3
    for one, label_map in zip(named, expected, strict=True):
        np.testing.assert_array_equal(one.label_map, label_map)


def test_a_draft_that_somebody_corrected_stays(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(photos, out, overlay=False, draft_format="labelme")
    assert json.loads((out / "labelme/sub/c.json").read_text())["imagePath"] == "c.png"
    (out / "labelme/a.json").write_text("corrected")
    (out / "labelme/a.webp.json").unlink()
    summary = run(photos, out, overlay=False, draft_format="labelme")
    assert summary.segmented == ()
    assert summary.drafts == (out / "labelme/a.webp.json",)
    assert (out / "labelme/a.json").read_text() == "corrected"
    assert (out / "labelme/a.webp.json").is_file()


def test_an_unknown_draft_format_is_refused_at_once(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="there is no label format 'kitti'"):
        run(photos, tmp_path / "out", draft_format="kitti")
    assert not (tmp_path / "out").exists()

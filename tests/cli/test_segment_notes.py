"""What `partly segment` tells of files that it passed over, and of photos that it mended."""

from __future__ import annotations

import io
import json
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.labels import FACE_PARTS
from partly.data.photos import Photo
from partly.inference import segment
from partly.inference.find import Frame
from partly.inference.segment import Segmentation, segment_folder
from partly.models.networks.auto_shot_network import AutoShotNetwork
from tests.inference.segment.drawn_objects import segmentation_of_objects

MENDED = "its end marker is missing, all pixels are there"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    AutoShotNetwork("unet-small", FACE_PARTS, 32).save(tmp_path / "network")
    return tmp_path / "network"


def endless_jpeg() -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()[:-2]


def test_people_and_scripts_are_told(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (8, 8)).save(photos / "a.png")
    (photos / "b.jpg").write_bytes(endless_jpeg())
    for name in ("c.dng", "d.jxl", "e.zip"):
        (photos / name).touch()
    words = ["segment", str(network), str(photos), "--out", str(tmp_path / "out"), "--no-mirror"]
    assert run(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Segmented 2 photos: {tmp_path / 'out'}",
        "Note: 2 other files passed over (c.dng, d.jxl).",
        "Note: 1 archive passed over (e.zip): give a zip or tar by itself, and the photos in it are found.",
        f"Note: 1 fault of photos mended (b.jpg: {MENDED}).",
    ]
    assert run([*words, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["mended"] == [{"photo": "b.jpg", "note": MENDED}]
    assert values["ignored"] == 3
    assert values["passed_over"] == ["c.dng", "d.jxl", "e.zip"]
    assert values["notes"] == []
    assert values["kept"] == ["a.png", "b.jpg"]


def test_the_page_shows_all_photos(network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        Image.new("RGB", (8, 8)).save(photos / name)
    (photos / "c.png").write_bytes(b"no photo")
    words = ["segment", str(network), str(photos), "--out", str(out), "--page"]
    assert run([*words, "--no-overlay"]) == 4  # label maps are shown in place of overlays
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [f"Segmented 2 photos: {out}", f"What was found where: {out / 'index.html'}"]
    page = (out / "index.html").read_text()
    assert page.count("<img") == 2
    assert "is no image of a known format" in page
    assert run([*words, "--json", "--areas", "csv"]) == 4
    values = json.loads(capsys.readouterr().out)
    assert values["page"] == str(out / "index.html")
    assert (values["objects"], values["without_objects"]) == (None, [])
    assert (out / "index.html").read_text().count("data:image/jpeg") == 2


def test_a_page_of_tars_is_refused_before_anything_is_done(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    words = ["segment", str(network), str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]
    assert run([*words, "--page", "--tars"]) == 2
    assert (
        "a page of results, in tars; expected results in a folder. Leave out --page, or give --no-tars."
        in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


def test_files_of_objects_are_refused_where_nobody_looks_for_any(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    words = ["segment", str(network), str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]
    assert run([*words, "--crops", "--objects"]) == 2
    assert (
        "--objects and --crops need objects, and photos are taken for one object each; expected objects that "
        "are looked for. Give --anywhere." in " ".join(capsys.readouterr().err.split())
    )
    assert run([*words, "--upright"]) == 2
    assert "--upright without --crops" in capsys.readouterr().err


def test_people_are_told_of_objects_and_of_photos_without_any(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_folder, "segment_photo", found_in_wide_photos)
    monkeypatch.setattr(segment, "segment_many", partial(segment.segment_many, looks_for_objects=True))
    for name, width in (("a.png", 40), ("b.png", 20), ("c.png", 20)):
        Image.new("RGB", (width, 30)).save(tmp_path / name)
    photos = [str(tmp_path / f"{name}.png") for name in "abc"]
    words = ["segment", str(network), *photos, "--out", str(tmp_path / "out"), "--crops", "--page"]
    assert run(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Segmented 3 photos: {tmp_path / 'out'}",
        "Found 1 object.",
        "Note: no object found in 2 photos: b.png, c.png.",
        f"What was found where: {tmp_path / 'out' / 'index.html'}",
    ]
    assert (tmp_path / "out" / "crops" / "a-o001.jpg").is_file()
    assert run([*words, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["objects"], values["without_objects"]) == (1, ["b.png", "c.png"])


def found_in_wide_photos(network: object, photo: Photo, **view: object) -> Segmentation:
    """Stands for the search."""
    frames = [Frame(20, 15, 20, 45)] if photo.width_px == 40 else []
    return segmentation_of_objects(photo.height_px, photo.width_px, frames, FACE_PARTS)


def test_names_in_a_zip_that_may_be_meant_otherwise(
    network: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xxxx.png", png.getvalue())
    archive.write_bytes(archive.read_bytes().replace(b"xxxx", "写真".encode("shift_jis")))
    assert run(["segment", str(network), str(archive), "--out", str(tmp_path / "out"), "--json"]) == 0
    told = capsys.readouterr()
    (note,) = json.loads(told.out)["notes"]
    assert note.startswith(f"{archive}: 1 name not in UTF-8, perhaps spelt otherwise (")
    assert f"Note: {note}" in told.err

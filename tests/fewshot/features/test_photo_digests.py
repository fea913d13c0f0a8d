"""Photos are found by digest whatever they are called, and files are read once."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from partly.data.photos.photo_sources import find_photos
from partly.fewshot.features.photo_digests import PhotoDigests


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(5):
        path = tmp_path / "photos" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"photo %d" % number)
    return tmp_path / "photos"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_files_are_read_once_and_not_at_the_next_start(folder: Path, tmp_path: Path) -> None:
    digests = PhotoDigests(tmp_path / "kept" / "digests.json")
    found = digests.find(find_photos(folder), digest(b"photo 3"))
    assert found is not None
    assert (found.name, digests.n_read) == ("3.png", 4)
    assert digests.find(find_photos(folder), digest(b"photo 1")) is not None
    assert digests.n_read == 4
    again = PhotoDigests(tmp_path / "kept" / "digests.json")
    assert again.find(find_photos(folder), digest(b"no photo")) is None
    assert again.n_read == 1
    assert PhotoDigests(tmp_path / "kept" / "digests.json").find(find_photos(folder), "x") is None


def test_a_file_that_changed_is_read_again(folder: Path, tmp_path: Path) -> None:
    digests = PhotoDigests(tmp_path / "digests.json")
    assert digests.find(find_photos(folder), "none") is None
    (folder / "2.png").write_bytes(b"photo X")
    os.utime(folder / "2.png", ns=(1, 1))
    found = digests.find(find_photos(folder), digest(b"photo X"))
    assert found is not None
    assert (found.name, digests.n_read) == ("2.png", 6)
    # What is kept of it is the new digest, too.
    assert PhotoDigests(tmp_path / "digests.json").find(find_photos(folder), digest(b"photo 2")) is None


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"0.png": 3}', '{"0.png": [1, 2, "x", "y"]}'])
def test_a_damaged_file_of_digests_is_made_anew(folder: Path, tmp_path: Path, damage: str) -> None:
    (tmp_path / "digests.json").write_text(damage)
    digests = PhotoDigests(tmp_path / "digests.json")
    assert digests.find(find_photos(folder), digest(b"photo 4")) is not None
    assert digests.n_read == 5


def test_photos_in_a_zip_and_photos_that_went(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    found = PhotoDigests().find(find_photos(tmp_path / "photos.zip"), digest(b"photo 2"))
    assert found is not None
    assert found.name == "2.png"
    photos = find_photos(folder)
    (folder / "0.png").unlink()
    assert PhotoDigests().find(photos, digest(b"photo 0")) is None
    assert PhotoDigests().find(photos, digest(b"photo 1")) is not None

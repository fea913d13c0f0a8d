from __future__ import annotations

import builtins
import hashlib
import io
import pickle
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from partly.data.photos import parquet_photos
from partly.data.photos.photo_sources import find_photos, holds_many_photos
from partly.errors import BadArchive, BadPhoto, NotAvailable


def photo(value: int, height: int = 6, width: int = 8) -> bytes:
    """A PNG of one grey value."""
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), value, np.uint8)).save(file, "PNG")
    return file.getvalue()


def make_tar(path: Path, files: Mapping[str, bytes] | list[tuple[str, bytes]], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items() if isinstance(files, Mapping) else files:
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    return path


def values(found: Any) -> dict[str, int]:
    return {source.name: int(source.read().pixels[0, 0, 0]) for source in found}


def test_photos_of_a_tar_in_its_order(tmp_path: Path) -> None:
    files = {
        "b.png": photo(1),
        "b.json": b"{}",
        "sub/a.png": photo(2),
        ".hidden.png": photo(3),
        "__MACOSX/x.png": photo(4),
    }
    path = make_tar(tmp_path / "photos.tar", files)
    found = find_photos(path)
    assert values(found) == {"b.png": 1, "sub/a.png": 2}
    assert found.passed_over == ("b.json",)
    assert [str(one.location) for one in found] == [f"{path}/b.png", f"{path}/sub/a.png"]
    assert found[0].digest() == hashlib.sha256(files["b.png"]).hexdigest()
    # Workers in other processes get them so.
    assert values(pickle.loads(pickle.dumps(list(found)))) == {"b.png": 1, "sub/a.png": 2}
    assert holds_many_photos(path)


def test_a_tar_beside_others_and_by_another_name(tmp_path: Path) -> None:
    make_tar(tmp_path / "one.tar", {"a.png": photo(1)})
    make_tar(tmp_path / "two", {"a.png": photo(2)})
    (tmp_path / "a.png").write_bytes(photo(3))
    assert values(find_photos([tmp_path / "one.tar", tmp_path / "two", tmp_path / "a.png"])) == {
        "one/a.png": 1,
        "two/a.png": 2,
        "a.png": 3,
    }
    assert not holds_many_photos(tmp_path / "a.png")
    # Tars in folders are not opened.
    assert values(find_photos(tmp_path)) == {"a.png": 3}


def test_a_damaged_member_fails_alone(tmp_path: Path) -> None:
    files = {"a.png": photo(1), "b.png": b"no photo", "c.png": photo(3)}
    found = find_photos(make_tar(tmp_path / "photos.tar", files))
    assert values([found[0], found[2]]) == {"a.png": 1, "c.png": 3}
    with pytest.raises(BadPhoto, match=r"photos\.tar/b\.png: "):
        found[1].read()


def test_a_tar_that_was_cut_within_a_member(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": photo(1), "b.png": photo(2)})
    end = find_photos(path)[1].offset + 10  # type: ignore[attr-defined]
    path.write_bytes(path.read_bytes()[:end])
    found = find_photos(path)
    assert values(found[:1]) == {"a.png": 1}
    n_lost = len(photo(2)) - 10
    with pytest.raises(BadPhoto) as caught:
        found[1].read()
    assert str(caught.value) == (
        f"{path}/b.png: is cut off: the tar ends {n_lost} bytes too early. Make the tar again."
    )


def test_a_tar_that_was_cut_between_members(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": photo(1), "b.png": photo(2)})
    at = find_photos(path)[1].offset - 512  # type: ignore[attr-defined]
    path.write_bytes(path.read_bytes()[:at])
    with pytest.raises(BadArchive, match=r"was cut: the end of the archive is missing\. Make the tar again"):
        find_photos(path)


def test_a_tar_that_is_gone(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": photo(1)})
    found = find_photos(path)
    path.unlink()
    with pytest.raises(BadPhoto, match=r"photos\.tar: no such file"):
        found[0].read()


def test_what_is_no_tar(tmp_path: Path) -> None:
    path = tmp_path / "photos.tar"
    path.write_bytes(b"no tar" * 200)
    with pytest.raises(
        BadArchive, match=r"photos\.tar: is no tar that can be read \(.*\); expected a tar that"
    ):
        find_photos(path)
    path = make_tar(tmp_path / "photos.tar.gz", {"a.png": photo(1)}, "w:gz")
    with pytest.raises(BadArchive, match="Unpack it, or make it again without compression"):
        find_photos(path)


def test_a_damaged_head_between_members(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": photo(1), "b.png": photo(2), "c.png": photo(3)})
    at = find_photos(path)[1].offset - 512  # type: ignore[attr-defined]
    data = bytearray(path.read_bytes())
    data[at + 150] ^= 255  # of the checksum
    path.write_bytes(data)
    with pytest.raises(BadArchive, match=f"is damaged at byte {at}, between two members"):
        find_photos(path)


def test_more_photos_behind_the_end_of_a_tar(tmp_path: Path) -> None:
    one = make_tar(tmp_path / "one.tar", {"a.png": photo(1)})
    two = make_tar(tmp_path / "two.tar", {"b.png": photo(2), "c.png": photo(3)})
    joined = tmp_path / "joined.tar"
    joined.write_bytes(one.read_bytes() + two.read_bytes())
    end = 1024  # a head, and the photo
    with pytest.raises(BadArchive) as caught:
        find_photos(joined)
    assert str(caught.value) == (
        f"{joined}: goes on behind its end: zeros mark it at byte {end}, and there is more from byte "
        f"{len(one.read_bytes())}; expected nothing but zeros there. Copy the tar again, if its copy is not "
        "whole; if several tars were joined, give each."
    )
    # Zeros may follow, as many as there are: tars are filled up to whole blocks of a tape.
    joined.write_bytes(one.read_bytes() + bytes(3 << 20))
    assert values(find_photos(joined)) == {"a.png": 1}


def test_a_hole_of_a_download_at_a_head(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": photo(1), "b.png": photo(2), "c.png": photo(3)})
    for member in find_photos(path)[:2]:
        at = member.offset - 512  # type: ignore[attr-defined]
        data = bytearray(path.read_bytes())
        data[at : at + 512] = bytes(512)
        holed = tmp_path / "holed.tar"
        holed.write_bytes(data)
        with pytest.raises(BadArchive, match=f"goes on behind its end: zeros mark it at byte {at}, and"):
            find_photos(holed)


@pytest.mark.parametrize("name", ["/a.png", "../a.png", "sub/../../a.png"])
def test_members_that_lead_out_of_a_tar(name: str, tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {name: photo(1)})
    with pytest.raises(BadArchive, match="leads outside it; expected plain files inside the archive"):
        find_photos(path)


def test_links_and_large_members_of_a_tar(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.png": bytes(1001)})
    with pytest.raises(BadArchive, match=r"its member 'a\.png' has 0 MB; expected at most 0 MB a photo"):
        find_photos(path, max_member_bytes=1000)
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("a.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(BadArchive, match=r"its member 'a\.png' is a link"):
        find_photos(path)


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = make_tar(
        tmp_path / "photos.tar", [("a.png", photo(1)), ("b.png", photo(2)), ("./a.png", photo(3))]
    )
    with pytest.raises(BadArchive) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: has two members named a.png; expected names that differ. Make the tar again."
    )


def test_a_tar_without_photos(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "photos.tar", {"a.json": b"{}"})
    with pytest.raises(BadPhoto, match=r"photos\.tar: holds no photos \(1 other file: a\.json\)"):
        find_photos(path)


def make_parquet(path: Path, columns: Mapping[str, Any], rows_per_group: int = 100) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(dict(columns)), path, row_group_size=rows_per_group)
    return path


def test_photos_of_plain_bytes_with_names(tmp_path: Path) -> None:
    columns = {"label": [1, 2], "image": [photo(1), photo(2)], "file_name": ["x/b.png", "a.jpg"]}
    path = make_parquet(tmp_path / "photos.parquet", columns)
    found = find_photos(path)
    assert values(found) == {"x/b.png": 1, "a.jpg": 2}
    assert found[0].digest() == hashlib.sha256(photo(1)).hexdigest()
    assert str(found[1].location) == f"{path}/row 1"
    assert holds_many_photos(path)


def test_photos_as_hugging_face_has_them(tmp_path: Path) -> None:
    images = [{"bytes": photo(i), "path": None if i == 2 else f"../deep/{i}.png"} for i in range(4)]
    path = make_parquet(tmp_path / "train", {"image": images, "other": [b"x"] * 4})
    assert values(find_photos(path)) == {"deep/0.png": 0, "deep/1.png": 1, "000002": 2, "deep/3.png": 3}


def test_rows_without_names_and_images(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"jpg": [photo(1), None, b"none", photo(4)]})
    found = find_photos(path)
    assert [source.name for source in found] == ["000000", "000001", "000002", "000003"]
    assert values([found[0], found[3]]) == {"000000": 1, "000003": 4}
    with pytest.raises(BadPhoto) as caught:
        found[1].read()
    assert str(caught.value) == f"{path}/row 1: holds no image; expected bytes of an image file."
    with pytest.raises(BadPhoto, match=r"row 2: "):
        found[2].read()


def test_rows_in_any_order_and_in_other_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"image": [photo(i) for i in range(100)]}, 30)
    found = list(find_photos(path))
    order = np.random.default_rng(0).permutation(100)
    for sources in (found, [found[i] for i in order], pickle.loads(pickle.dumps(found))[50:], found[::-1]):
        assert values(sources) == {source.name: int(source.name) for source in sources}
    # In order, each batch is read once.
    rows = found[0].rows  # type: ignore[attr-defined]
    read: list[range] = []
    reading = parquet_photos.ParquetRows._read

    def count(self: Any, groups: range, column: str) -> Any:
        read.append(groups)
        return reading(self, groups, column)

    monkeypatch.setattr(parquet_photos.ParquetRows, "_read", count)
    values(found)
    assert len(read) == 1
    assert len(rows._kept) <= 4


def test_what_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "photos.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(BadArchive, match=r"photos\.parquet: is no Parquet file that can be read"):
        find_photos(path)
    with pytest.raises(BadPhoto, match=r"gone\.parquet: no such file"):
        find_photos(tmp_path / "gone.parquet")


def test_a_parquet_file_without_images(tmp_path: Path) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"text": ["a"], "number": [1], "pair": [{"path": "a"}]})
    with pytest.raises(BadArchive) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: has no column of images, but text (string), number (int64), pair (struct<path: string>); "
        'expected a column of bytes, or of a struct with the field "bytes".'
    )


def test_a_parquet_file_damaged_in_the_middle(tmp_path: Path) -> None:
    images = [np.random.default_rng(i).bytes(5000) for i in range(40)]
    path = make_parquet(tmp_path / "photos.parquet", {"image": images}, 10)
    found = find_photos(path)
    data = bytearray(path.read_bytes())
    data[100:200] = bytes(100)
    path.write_bytes(data)
    found[0].rows._begin()  # type: ignore[attr-defined]
    # Whatever pyarrow says of it, other row groups are read.
    with pytest.raises(BadPhoto, match=r"row 3: "):
        found[3].read()
    assert found[25].open().read() == images[25]


def test_after_an_error_other_threads_wait_until_it_is_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"image": [photo(1)] * 3})
    rows = find_photos(path)[0].rows  # type: ignore[attr-defined]
    was_locked: list[bool] = []

    def note(self: Any, name: str, value: Any) -> None:
        if name == "_batches":
            was_locked.append(self._lock.locked())
        object.__setattr__(self, name, value)

    def fail(self: Any, row: int) -> bytes:
        raise OSError("damaged")

    monkeypatch.setattr(parquet_photos.ParquetRows, "__setattr__", note)
    monkeypatch.setattr(parquet_photos.ParquetRows, "_at", fail)
    with pytest.raises(BadPhoto, match=r"row 0: cannot be read \(damaged\)"):
        rows.image(0)
    assert was_locked == [True]


def test_damaged_names(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(300)]
    path = make_parquet(tmp_path / "photos.parquet", {"name": names, "image": [photo(1)] * 300})
    data = bytearray(path.read_bytes())
    data[10:60] = bytes(50)
    path.write_bytes(data)
    with pytest.raises(
        BadArchive, match=r"photos\.parquet: its names cannot be read \(.*\)\. Copy or make it"
    ):
        find_photos(path)


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_parquet(tmp_path / "photos.parquet", {"image": [photo(1)]})
    importing = builtins.__import__

    def fail(name: str, *others: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return importing(name, *others)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(NotAvailable) as caught:
        find_photos(path)
    assert str(caught.value) == (
        f"{path}: Parquet files are read with pyarrow, which is not installed. "
        "Install it: pip install 'partly[parquet]'."
    )

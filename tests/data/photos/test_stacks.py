"""Pages of TIFFs, and frames of GIFs, APNGs and WebPs, as photos of their own."""

from __future__ import annotations

import gc
import hashlib
import io
import os
import pickle
import shutil
import struct
import threading
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from partly.data.photos import open_stack, photo_stack
from partly.data.photos.photo import read_photo
from partly.data.photos.photo_classes import read_classes
from partly.data.photos.photo_names import bare_name, file_name, page_name, whole_name
from partly.data.photos.photo_pairs import find_pairs
from partly.data.photos.photo_sets import make_photo_set
from partly.data.photos.photo_sources import find_photos, output_name
from partly.data.photos.stack_pages import may_be_stack
from partly.errors import BadPhoto
from tests.data.photos.test_tiffs import pages, quadrants

ANIMATED = {"gif": {}, "png": {}, "webp": {"lossless": True}}


def plain(number: int, height: int = 12, width: int = 16) -> np.ndarray:
    """One colour, and another in a corner."""
    pixels = np.full((height, width, 3), (number * 37 % 256, number * 91 % 256, 10), np.uint8)
    pixels[:3, :4] = 250 - number
    return pixels


def stack(path: Path, n: int = 4, **options: Any) -> Path:
    images = [Image.fromarray(plain(number)) for number in range(1, n + 1)]
    images[0].save(path, save_all=True, append_images=images[1:], **options)
    return path


def tagged(value: int, data: bytes, *numbers: int) -> bytes:
    """A TIFF whose pages, counted from 0, have another NewSubfileType than tifffile would write."""
    changed = bytearray(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        for number in numbers:
            struct.pack_into("<I", changed, file.pages[number].tags["NewSubfileType"].valueoffset, value)
    return bytes(changed)


def names(photos: Sequence[Any]) -> list[str]:
    return [photo.name for photo in photos]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.tif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.tiff", {"compression": "tiff_adobe_deflate", "big_tiff": True}),
        *((f"a.{suffix}", options) for suffix, options in ANIMATED.items()),
        ("a.apng", {"format": "PNG"}),
    ],
)
def test_each_page_and_frame_is_a_photo(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    found = find_photos(stack(tmp_path / name, **options))
    assert names(found) == [f"{name}#{number}" for number in range(1, 5)]
    kind = "pages" if "tif" in name else "frames"
    assert found.told() == (
        f"1 file holds several photos ({name}: 4 {kind}), each one of its own, such as {name}#1.",
    )
    for number in (1, 2, 3, 4, 2, 4, 1, 3):  # in order, and back
        photo = found[number - 1].read()
        np.testing.assert_array_equal(photo.pixels, plain(number))
        assert (photo.name, photo.mended) == (f"{name}#{number}", ())
    assert found[2].location == tmp_path / f"{name}#3"
    np.testing.assert_array_equal(read_photo(tmp_path / name).pixels, plain(1))


def test_pages_in_zips_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    stack(folder / "sub" / "b.tif", 2)
    stack(folder / "c.gif", 3)
    Image.fromarray(plain(9)).save(folder / "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder).as_posix())
    inside, outside = find_photos(tmp_path / "a.zip"), find_photos(folder)
    assert names(inside) == ["a.png", "c.gif#1", "c.gif#2", "c.gif#3", "sub/b.tif#1", "sub/b.tif#2"]
    assert names(inside) == names(outside)
    assert inside[1].location == tmp_path / "a.zip" / "c.gif#1"
    for one, other in zip(inside, outside, strict=True):
        assert one.digest() == other.digest()
        np.testing.assert_array_equal(one.read().pixels, other.read().pixels)
    several = find_photos([folder, tmp_path / "a.zip"])
    assert len(set(names(several))) == 12


def test_one_page_or_frame_is_a_photo_as_ever(tmp_path: Path) -> None:
    for name in ("a.tif", "b.gif", "c.png", "d.webp"):
        Image.fromarray(plain(1)).save(tmp_path / name)
    found = find_photos(tmp_path)
    assert names(found) == ["a.tif", "b.gif", "c.png", "d.webp"]
    assert found.told() == ()
    assert found[0].digest() == hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()


def test_what_is_called_otherwise_is_looked_into_if_it_is_given_itself(tmp_path: Path) -> None:
    stack(tmp_path / "scan.bin", format="TIFF")
    assert names(find_photos(tmp_path / "scan.bin"))[-1] == "scan.bin#4"


def test_pages_of_other_sizes_and_modes(tmp_path: Path) -> None:
    images = [
        Image.fromarray(plain(1)),
        Image.fromarray(plain(2, 7, 5)[..., 0]),
        Image.fromarray(np.array([[0, 65535]], np.uint16)),
        Image.fromarray(plain(3)).convert("CMYK"),
        Image.fromarray(plain(4)).convert("P"),
        Image.fromarray(plain(5)).convert("1"),
    ]
    images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:], compression="tiff_lzw")
    with tifffile.TiffWriter(tmp_path / "a.tif", append=True) as writer:
        writer.write(plain(6).astype(np.float32) / 255, photometric="rgb", metadata=None)
    found = [photo.read().pixels for photo in find_photos(tmp_path)]
    assert [pixels.shape[:2] for pixels in found] == [(12, 16), (7, 5), (1, 2), *[(12, 16)] * 4]
    np.testing.assert_array_equal(found[1], np.repeat(plain(2, 7, 5)[..., :1], 3, axis=2))
    np.testing.assert_array_equal(found[2][0, :, 0], [0, 255])
    np.testing.assert_array_equal(found[3], plain(3))
    np.testing.assert_array_equal(found[6], plain(6))


@pytest.mark.parametrize("tag", [1, 4, 5], ids=["reduced", "mask", "both"])
def test_small_copies_and_masks_are_no_photos(tag: int, tmp_path: Path) -> None:
    whole, small = quadrants(), quadrants(16, 24)
    data = tagged(
        tag, pages(*((one, {"subfiletype": 1}) for one in (small, whole, small, 255 - whole))), 0, 2
    )
    data = tagged(0, data, 1, 3)
    (tmp_path / "a.tif").write_bytes(data)
    found = find_photos(tmp_path)
    assert names(found) == ["a.tif#2", "a.tif#4"]
    np.testing.assert_array_equal(found[1].read().pixels, 255 - whole)
    assert found.told()[0].startswith("1 file holds several photos (a.tif: 2 pages)")
    (tmp_path / "a.tif").write_bytes(tagged(tag, pages((whole, {}), (small, {"subfiletype": 1})), 1))
    assert names(find_photos(tmp_path)) == ["a.tif"]


def test_pyramids_are_one_photo(tmp_path: Path) -> None:
    sizes = [(64, 96), (32, 48), (16, 24)]
    tiled = {"tile": (16, 16)}
    levels = [quadrants(*size) for size in sizes]
    cases = {
        "below": pages((levels[0], {"subifds": 2}), *[(one, {"subfiletype": 1}) for one in levels[1:]]),
        "tagged": pages((levels[0], {}), *[(one, {"subfiletype": 1}) for one in levels[1:]]),
        "tiled": pages(*[(one, tiled) for one in levels]),
    }
    for name, data in cases.items():
        (tmp_path / f"{name}.tif").write_bytes(data)
    found = find_photos(tmp_path)
    assert names(found) == ["below.tif", "tagged.tif", "tiled.tif"]
    assert [photo.read().pixels.shape[:2] for photo in found] == [sizes[0]] * 3
    # Pages that become smaller, without a tag and without tiles, are photos.
    (tmp_path / "apart.tif").write_bytes(pages(*[(one, {}) for one in levels]))
    assert len(find_photos(tmp_path / "apart.tif")) == 3


def test_a_thumbnail_without_a_tag_before_a_stack_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(
        pages((quadrants(8, 12), {}), (quadrants(), {}), (255 - quadrants(), {}))
    )
    found = find_photos(tmp_path)
    assert names(found) == ["a.tif#2", "a.tif#3"]
    np.testing.assert_array_equal(found[0].read().pixels, read_photo(tmp_path / "a.tif").pixels)
    assert found[0].digest() == hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()


def test_a_page_below_a_small_copy_is_read(tmp_path: Path) -> None:
    small, whole = quadrants(8, 12), quadrants()
    below = {"subfiletype": 1, "subifds": 1}
    (tmp_path / "a.tif").write_bytes(pages((small, below), (whole, {}), (small, below), (255 - whole, {})))
    found = find_photos(tmp_path)
    assert names(found) == ["a.tif#1", "a.tif#2"]
    np.testing.assert_array_equal(found[0].read().pixels, whole)
    np.testing.assert_array_equal(found[1].read().pixels, 255 - whole)


@pytest.mark.parametrize(("name", "kind"), [("a.tif", "page"), ("a.gif", "frame")])
def test_the_limit_is_told_and_can_be_raised(name: str, kind: str, tmp_path: Path) -> None:
    stack(tmp_path / name, 5)
    found = find_photos(tmp_path, max_pages=3)
    assert names(found) == [f"{name}#{number}" for number in (1, 2, 3)]
    assert found.told()[1] == f"{name}: 2 {kind}s behind the first 3 left out; --max-pages takes more."
    one = find_photos(tmp_path, max_pages=1)
    assert names(one) == [f"{name}#1"]
    assert f"({name}: 1 {kind})" in one.told()[0]
    assert f"4 {kind}s behind the first 1" in one.told()[1]
    assert len(find_photos(tmp_path, max_pages=5).told()) == 1


def test_small_copies_behind_the_limit_are_not_told(tmp_path: Path) -> None:
    whole, small = quadrants(), quadrants(16, 24)
    (tmp_path / "a.tif").write_bytes(pages((whole, {}), (whole, {}), (small, {"subfiletype": 1})))
    assert len(find_photos(tmp_path, max_pages=2).told()) == 1


def test_ten_thousand_pages(tmp_path: Path) -> None:
    page = struct.pack("<H", len(_ONE_PIXEL)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in _ONE_PIXEL
    )
    n = 10_000
    with (tmp_path / "a.tif").open("wb") as file:
        file.write(b"II*\0" + struct.pack("<I", 8))
        for number in range(1, n + 1):
            file.write(page + struct.pack("<I", 8 + number * (len(page) + 4) if number < n else 0))
    found = find_photos(tmp_path)
    assert len(found) == 1000
    assert "9000 pages behind the first 1000 left out" in found.told()[1]
    assert found[999].read().pixels.shape == (1, 1, 3)


# Tags of a TIFF page: size, 8 bits, no compression, grey, one strip of one byte.
_ONE_PIXEL = ((256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 0), (277, 1), (278, 1), (279, 1))


def test_what_is_known_of_a_photo_by_its_digest(tmp_path: Path) -> None:
    stack(tmp_path / "a.tif")
    (tmp_path / "moved").mkdir()
    shutil.copy(tmp_path / "a.tif", tmp_path / "moved" / "b.tif")
    digests = [photo.digest() for photo in find_photos(tmp_path / "a.tif")]
    assert len(set(digests)) == 4
    assert digests == [photo.digest() for photo in find_photos(tmp_path / "moved" / "b.tif")]
    of_file = hashlib.sha256((tmp_path / "a.tif").read_bytes()).hexdigest()
    # What earlier versions, which read the first page only, wrote of the file holds for that page.
    assert digests[0] == of_file
    assert digests[2] == hashlib.sha256(f"{of_file} page 3".encode()).hexdigest()


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.gif")
    found = find_photos(path)
    found[0].read()
    digest = found[1].digest()
    images = [Image.fromarray(plain(number)) for number in (7, 8, 9, 10, 11)]
    images[0].save(path, save_all=True, append_images=images[1:])
    os.utime(path, ns=(0, 0))
    np.testing.assert_array_equal(found[1].read().pixels, plain(8))
    assert found[1].digest() != digest
    path.unlink()
    with pytest.raises(BadPhoto, match="cannot be read"):
        found[1].digest()
    with pytest.raises(BadPhoto, match="cannot be read"):
        found[1].read()


def test_a_file_is_opened_once_for_all_its_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_photos(stack(tmp_path / "a.gif"))
    opened = []

    class Counted(open_stack.OpenStack):
        def __init__(self, file: Any, path: Path) -> None:
            opened.append(file)
            super().__init__(file, path)

    monkeypatch.setattr(photo_stack, "OpenStack", Counted)
    for photo in found:
        photo.read()
    assert len(opened) == 1
    assert opened[0].closed
    other = find_photos(stack(tmp_path / "b.gif"))
    found[0].read()
    other[0].read()
    assert [file.closed for file in opened] == [True, True, False]
    del other
    gc.collect()
    assert opened[2].closed


def test_photos_of_a_file_in_threads_and_processes(tmp_path: Path) -> None:
    found = find_photos(stack(tmp_path / "a.gif"))
    found[0].read()
    wrong: list[int] = []

    def look(number: int) -> None:
        for _ in range(5):
            if (found[number - 1].read().pixels != plain(number)).any():
                wrong.append(number)

    threads = [threading.Thread(target=look, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    again = pickle.loads(pickle.dumps(found[2]))
    np.testing.assert_array_equal(again.read().pixels, plain(3))
    assert again.digest() == found[2].digest()


def failures(folder: Path) -> dict[str, str]:
    failed = {}
    for photo in find_photos(folder):
        try:
            photo.read()
        except BadPhoto as error:
            failed[photo.name] = str(error)
    return failed


def test_a_truncated_frame_stops_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    rng = np.random.default_rng(0)
    images = [Image.fromarray(rng.integers(0, 255, (40, 40), np.uint8)) for _ in range(4)]
    images[0].save(path, save_all=True, append_images=images[1:])
    path.write_bytes(path.read_bytes()[:-600])
    ((name, reason),) = failures(tmp_path).items()
    assert name == "a.gif#4"
    assert reason.startswith(f"{path}#4: is truncated or damaged (image file is truncated")


def test_a_page_of_no_bytes_stops_no_other(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for number in (1, 2, 3):
            writer.write(plain(number), photometric="rgb", compression="zlib", metadata=None)
    data = bytearray(buffer.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        strip = file.pages[1].tags["StripOffsets"].valueoffset
        width = file.pages[2].tags["ImageWidth"].valueoffset
    struct.pack_into("<I", data, strip, len(data))
    (tmp_path / "a.tif").write_bytes(data)
    ((name, reason),) = failures(tmp_path).items()
    assert name == "a.tif#2"
    assert reason.startswith(f"{tmp_path}/a.tif#2: is truncated or damaged (")
    struct.pack_into("<H", data, width, 0)
    (tmp_path / "a.tif").write_bytes(data)
    assert list(failures(tmp_path)) == ["a.tif#2", "a.tif#3"]


def test_damaged_tags_amid_a_stack_are_told(tmp_path: Path) -> None:
    data = bytearray(stack(tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        third = file.pages[2].offset
    struct.pack_into("<H", data, third, 60000)
    (tmp_path / "a.tif").write_bytes(data)
    found = find_photos(tmp_path)
    assert names(found) == ["a.tif#1", "a.tif#2"]
    assert found.told()[1] == "a.tif: what follows page 2 is damaged, and left out."


def test_a_promise_of_frames_that_are_not_there(tmp_path: Path) -> None:
    data = stack(tmp_path / "a.png").read_bytes()
    at = data.index(b"acTL")
    promised = struct.pack(">II", 1 << 30, 0)
    checked = struct.pack(">I", zlib.crc32(promised, zlib.crc32(b"acTL")))
    (tmp_path / "a.png").write_bytes(data[: at + 4] + promised + checked + data[at + 16 :])
    assert len(find_photos(tmp_path)) <= 5


def test_damage_anywhere_is_a_named_error(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    rng = np.random.default_rng(1)
    path = tmp_path / "folder" / "a"
    path.parent.mkdir()
    for suffix, options in {"tif": {"compression": "tiff_lzw"}, **ANIMATED}.items():
        whole = stack(tmp_path / f"whole.{suffix}", **options).read_bytes()
        for turn in range(60):
            data = bytearray(whole)
            for place in rng.integers(0, len(data), 1 + turn % 4):
                data[place] = rng.integers(256)
            name = path.with_suffix(f".{suffix}")
            name.write_bytes(data[: rng.integers(len(data))] if turn % 3 == 0 else data)
            os.utime(name, ns=(turn, turn))
            for photo in find_photos(path.parent, max_pages=6):
                try:
                    photo.read(max_pixels=100_000)
                except BadPhoto as error:
                    told.append((str(name), str(error)))
            name.unlink()
    assert len(told) > 30
    assert all(error.startswith(name) for name, error in told)


def test_larger_frames_are_refused_before_they_are_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: object) -> None:
        raise AssertionError("unpacked")

    found = find_photos(stack(tmp_path / "a.gif"))
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    with pytest.raises(BadPhoto, match=r"a\.gif#3: has 16 x 12 pixels"):
        found[2].read(max_pixels=100)


def test_what_may_hold_several_is_told_by_its_start(tmp_path: Path) -> None:
    for suffix, options in ANIMATED.items():
        assert may_be_stack(stack(tmp_path / f"a.{suffix}", **options).read_bytes())
    Image.fromarray(plain(1)).save(tmp_path / "b.png")
    Image.fromarray(plain(1)).save(tmp_path / "b.webp")
    for name in ("b.png", "b.webp"):
        assert not may_be_stack((tmp_path / name).read_bytes())
    assert not may_be_stack(b"")
    assert not may_be_stack(b"RIFF1234WEBPVP8X")


@pytest.mark.parametrize(
    ("name", "bare", "whole", "file"),
    [
        ("sub/a.jpg", "sub/a", "sub/a.jpg", "sub/a.jpg"),
        ("sub/a.tif#3", "sub/a-p0003", "sub/a.tif-p0003", "sub/a.tif"),
        ("a.tif#12345", "a-p12345", "a.tif-p12345", "a.tif"),
        ("a#3.tif", "a#3", "a#3.tif", "a#3.tif"),
        ("a#3.tif#2", "a#3-p0002", "a#3.tif-p0002", "a#3.tif"),
        ("a.b#c", "a", "a.b#c", "a.b#c"),
    ],
)
def test_names(name: str, bare: str, whole: str, file: str) -> None:
    assert (bare_name(name), whole_name(name), file_name(name)) == (bare, whole, file)
    assert page_name("a.tif", 3) == "a.tif#3"


def test_names_of_outputs_never_meet(tmp_path: Path) -> None:
    stack(tmp_path / "a.tif", 2)
    stack(tmp_path / "a.gif", 2)
    for name in ("a-p0001.png", "a#1.png", "A-P0002.png"):
        Image.fromarray(plain(1)).save(tmp_path / name)
    taken: set[str] = set()
    outputs = [output_name(name, taken) for name in names(find_photos(tmp_path))]
    assert len({name.casefold() for name in outputs}) == 7
    assert "a#1" in outputs
    assert not any("#" in name for name in outputs if name != "a#1")


def test_sets_classes_and_pairs_of_pages(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        stack(tmp_path / folder / "a.tif", 2)
        Image.fromarray(plain(3)).save(tmp_path / folder / "b.png")
    found = find_photos(tmp_path / "one")
    squares = make_photo_set(found, tmp_path / "squares", 4)
    assert squares.names == ("a.tif#1", "a.tif#2", "b.png")
    assert len({square.tobytes() for square in squares.squares}) == 3
    (tmp_path / "classes.csv").write_text("a.tif,red\nb.png,blue\n")
    assert read_classes(tmp_path / "classes.csv", found) == {
        "a.tif#1": "red",
        "a.tif#2": "red",
        "b.png": "blue",
    }
    (tmp_path / "classes.csv").write_text("a.tif,red\na.tif#2,green\nb.png,blue\n")
    assert read_classes(tmp_path / "classes.csv", found)["a.tif#2"] == "green"
    pairs = find_pairs(tmp_path / "one", tmp_path / "two")
    assert [(pair.name, pair.second.name) for pair in pairs] == [
        ("a-p0001", "a.tif#1"),
        ("a-p0002", "a.tif#2"),
        ("b", "b.png"),
    ]

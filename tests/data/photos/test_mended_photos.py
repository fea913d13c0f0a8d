"""Photos with a fault that leaves all pixels as they are: they are read, and say what was mended."""

from __future__ import annotations

import io
import os
import struct
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from partly.data.photos.photo import read_photo
from partly.errors import BadPhoto
from tests.data.photos.files import encoded, gradient

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes, *, sound: bool = True) -> bytes:
    checksum = zlib.crc32(kind + data) ^ (not sound)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(*beside: bytes, behind: bytes = b"", depth: int = 8, colour: int = 2, rows: Any = None) -> bytes:
    """A PNG with chunks before and behind its pixels."""
    rows = gradient().reshape(24, -1) if rows is None else rows
    width = len(rows[0].tobytes()) * 8 // (depth * (3 if colour == 2 else 1))
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(lines))
    return SIGNATURE + head + b"".join(beside) + pixels + behind + chunk(b"IEND", b"")


SIDE_CHUNKS = {
    "iCCP": b"x\0\0" + zlib.compress(b"profile"),
    "gAMA": struct.pack(">I", 45455),
    "tEXt": b"Comment\0hello",
    "zTXt": b"Comment\0\0" + zlib.compress(b"hello"),
    "iTXt": b"Comment\0\0\0\0\0hello",
    "pHYs": struct.pack(">IIB", 1, 1, 0),
    "sRGB": b"\0",
    "cHRM": bytes(32),
    "tIME": bytes(7),
    "eXIf": b"II*\0\x08\0\0\0\0\0",
    "prVt": b"of a program",
}


@pytest.mark.parametrize("kind", SIDE_CHUNKS)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_damaged_side_chunk_of_a_png_is_left_out_and_told(kind: str, place: str) -> None:
    damaged = chunk(kind.encode(), SIDE_CHUNKS[kind], sound=False)
    photo = read_photo(png(damaged) if place == "before" else png(behind=damaged))
    np.testing.assert_array_equal(photo.pixels, gradient())
    assert photo.mended == (f"left out what is damaged beside its pixels ({kind})",)
    whole = chunk(kind.encode(), SIDE_CHUNKS[kind])
    assert read_photo(png(whole) if place == "before" else png(behind=whole)).mended == ()


def test_several_damaged_chunks_are_named_once_each() -> None:
    texts = [chunk(b"tEXt", b"a\0b", sound=False)] * 2
    photo = read_photo(png(chunk(b"gAMA", b"\0\0\0\1", sound=False), *texts))
    assert photo.mended == ("left out what is damaged beside its pixels (gAMA, tEXt)",)


@pytest.mark.parametrize(("kind", "data"), [("pHYs", b"\0"), ("gAMA", b""), ("sRGB", b""), ("acTL", b"\0")])
def test_a_side_chunk_that_is_too_short_is_no_matter(kind: str, data: bytes) -> None:
    np.testing.assert_array_equal(read_photo(png(chunk(kind.encode(), data))).pixels, gradient())


def test_which_way_up_is_kept_though_other_chunks_are_damaged() -> None:
    damaged = chunk(b"iCCP", b"junk", sound=False)
    upright = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x xmlns:tiff="t" tiff:Orientation="6"/>'
    for turned in (chunk(b"eXIf", upright), chunk(b"iTXt", xmp)):
        expected = read_photo(png(turned)).pixels
        assert expected.shape == (32, 24, 3)
        np.testing.assert_array_equal(read_photo(png(damaged, turned)).pixels, expected)


@pytest.mark.parametrize("kind", ["PLTE", "tRNS", "IHDR", "IDAT"])
def test_a_damaged_chunk_that_pixels_need_is_named(kind: str) -> None:
    data = png(chunk(b"PLTE", b"\1\2\3"), chunk(b"tRNS", bytes(6)))
    at = data.index(kind.encode()) + 4
    data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    with pytest.raises(BadPhoto) as caught:
        read_photo(data, "a.png")
    assert str(caught.value) == (
        f"a.png: is truncated or damaged (wrong checksum of its chunk {kind}); expected a whole image file."
        " Copy or export it again."
    )


@pytest.mark.parametrize("kind", ["zTXt", "iTXt", "iCCP", "tEXt"])
def test_megabytes_of_text_or_profile_do_not_matter(kind: str) -> None:
    much = os.urandom(2 << 20) if kind == "tEXt" else b"x" * (3 << 20)
    data = {
        "zTXt": b"workflow\0\0" + zlib.compress(much),
        "iTXt": b"workflow\0\1\0\0\0" + zlib.compress(much),
        "iCCP": b"display\0\0" + zlib.compress(much),
        "tEXt": b"workflow\0" + much,
    }[kind]
    for whole in (png(chunk(kind.encode(), data)), png(behind=chunk(kind.encode(), data))):
        photo = read_photo(whole)
        np.testing.assert_array_equal(photo.pixels, gradient())
        assert photo.mended == ()


def test_more_text_than_pillow_takes_in_all_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PngImagePlugin, "MAX_TEXT_MEMORY", 1000)
    texts = [chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 300))] * 9
    np.testing.assert_array_equal(read_photo(png(*texts)).pixels, gradient())


def test_the_transparent_colour_of_a_png_has_the_depth_of_the_file() -> None:
    deep = np.array([[300, 30000, 65535]], ">u2")
    pixels = read_photo(png(chunk(b"tRNS", b"\x01\x2c"), depth=16, colour=0, rows=deep)).pixels
    np.testing.assert_array_equal(pixels[0, :, 0], [255, 117, 255])
    rgb = np.array([[300, 30000, 65535, 5, 6, 7]], ">u2")
    key = chunk(b"tRNS", rgb[0, :3].tobytes())
    pixels = read_photo(png(key, depth=16, colour=2, rows=rgb)).pixels
    np.testing.assert_array_equal(pixels[0], [(255, 255, 255), (0, 0, 0)])
    few = np.array([[0b00011011]], np.uint8)  # 0, 1, 2, 3 of two bits
    pixels = read_photo(png(chunk(b"tRNS", b"\0\1"), depth=2, colour=0, rows=few)).pixels
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 255, 170, 255])
    few = np.array([[0x0A, 0xF3]], np.uint8)
    pixels = read_photo(png(chunk(b"tRNS", b"\0\x0a"), depth=4, colour=0, rows=few)).pixels
    np.testing.assert_array_equal(pixels[0, :, 0], [0, 255, 255, 51])


END_MISSING = ("its end marker is missing, all pixels are there",)
JPEG_KINDS: list[dict[str, Any]] = [
    {},
    {"optimize": True},
    {"progressive": True},
    {"subsampling": 0},
    {"subsampling": 2, "quality": 50},
    {"restart_marker_blocks": 3},
]


def noisy(height: int = 61, width: int = 83) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("options", JPEG_KINDS, ids=str)
@pytest.mark.parametrize("n_missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_read_and_told(options: dict[str, Any], n_missing: int) -> None:
    for pixels in (gradient(64, 96), noisy(), np.full((40, 40, 3), 255, np.uint8), noisy()[..., 0]):
        data = encoded(pixels, "JPEG", **options)
        photo = read_photo(data[:-n_missing])
        np.testing.assert_array_equal(photo.pixels, read_photo(data).pixels)
        # Pillow itself misses the marker of some files only.
        assert photo.mended in (END_MISSING, ())
        assert read_photo(data).mended == ()


@pytest.mark.parametrize("options", JPEG_KINDS, ids=str)
def test_zeros_in_place_of_the_end_marker(options: dict[str, Any]) -> None:
    data = encoded(noisy(), "JPEG", **options)
    photo = read_photo(data[:-2] + bytes(4096))
    np.testing.assert_array_equal(photo.pixels, read_photo(data).pixels)
    assert photo.mended == END_MISSING


@pytest.mark.parametrize("options", JPEG_KINDS, ids=str)
@pytest.mark.parametrize("n_missing", [100, 400])
@pytest.mark.parametrize("padding", [0, 9, 5000])
def test_a_jpeg_with_pixels_missing_is_refused(options: dict[str, Any], n_missing: int, padding: int) -> None:
    data = encoded(noisy(), "JPEG", **options)
    with pytest.raises(BadPhoto, match="truncated or damaged"):
        read_photo(data[:-n_missing] + bytes(padding))


def test_a_progressive_jpeg_without_its_last_scans_is_refused() -> None:
    data = encoded(noisy(), "JPEG", progressive=True)
    scans = [at for at in range(len(data) - 1) if data[at : at + 2] in (b"\xff\xda", b"\xff\xc4")]
    for at in scans[1:]:
        with pytest.raises(BadPhoto, match="truncated or damaged"):
            read_photo(data[:at])


def test_a_film_behind_a_whole_jpeg_is_no_matter() -> None:
    data = encoded(noisy(), "JPEG")
    film = b"\0\0\0\x18ftypmp42" + b"\xff\xda" * 20 + b"\xff\xe1\0\x05ab" + bytes(64)
    photo = read_photo(data + film)
    np.testing.assert_array_equal(photo.pixels, read_photo(data).pixels)
    assert photo.mended == ()


def test_the_thumbnail_in_a_jpeg_has_an_end_of_its_own() -> None:
    inside = b"Exif\0\0" + encoded(gradient(), "JPEG")
    data = encoded(noisy(), "JPEG", exif=inside)
    assert read_photo(data[:-2]).mended == END_MISSING
    with pytest.raises(BadPhoto, match="truncated or damaged"):
        read_photo(data[:-200])


def test_a_jpeg_without_its_end_is_read_small_too() -> None:
    data = encoded(gradient(480, 640), "JPEG")
    small = read_photo(data[:-2], at_least_px=100)
    assert small.pixels.shape == (120, 160, 3)
    assert small.mended == END_MISSING
    with pytest.raises(BadPhoto, match="megapixels"):
        read_photo(data[:-2], max_pixels=1000)


@pytest.mark.parametrize(
    ("kind", "count", "value"),
    [
        (1, 1, b"\6\0\0\0"),  # BYTE
        (2, 2, b"6\0\0\0"),  # ASCII
        (3, 1, b"\6\0\0\0"),  # SHORT
        (3, 2, b"\6\0\6\0"),
        (4, 1, b"\6\0\0\0"),  # LONG
        (6, 1, b"\6\0\0\0"),  # SBYTE
        (7, 1, b"\6\0\0\0"),  # UNDEFINED
        (7, 2, b"\0\6\0\0"),
        (8, 1, b"\6\0\0\0"),  # SSHORT
        (11, 1, struct.pack("<f", 6.0)),  # FLOAT
    ],
)
@pytest.mark.parametrize("fmt", ["JPEG", "PNG"])
def test_the_orientation_may_be_any_type_of_number(kind: int, count: int, value: bytes, fmt: str) -> None:
    exif = struct.pack("<2sHIHHHI4sI", b"II", 42, 8, 1, 0x0112, kind, count, value, 0)
    data = encoded(Image.fromarray(gradient()), fmt, exif=b"Exif\0\0" + exif)
    assert read_photo(data).pixels.shape == (32, 24, 3)


def test_what_is_no_orientation_is_none() -> None:
    for kind, value in ((1, b"\x09\0\0\0"), (2, b"up\0\0"), (1, bytes(4)), (11, struct.pack("<f", 6.5))):
        exif = struct.pack("<2sHIHHHI4sI", b"II", 42, 8, 1, 0x0112, kind, 1, value, 0)
        assert read_photo(encoded(gradient(), "PNG", exif=b"Exif\0\0" + exif)).width_px == 32


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\xff\x0a", "a JPEG XL photo"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL photo"),
        (b"\0\0\0\x18ftypcrx ", "a raw photo of a camera"),
        (b"FUJIFILMCCD-RAW 0201", "a raw photo of a camera"),
        (b"8BPS\0\1", "a Photoshop document"),
        (b"<svg xmlns='x'>", "an SVG drawing"),
        (b"\0\0\0\x18ftypmif1", "a HEIF (HEIC) photo"),
    ],
)
def test_other_formats_are_called_by_their_names(start: bytes, what: str) -> None:
    with pytest.raises(BadPhoto) as caught:
        read_photo(io.BytesIO(start + bytes(100)), "a")
    assert str(caught.value) == (
        f"a: is {what}, which cannot be read; expected JPEG, PNG, WebP or TIFF. Convert it to JPEG first."
    )


def test_a_damaged_length_makes_no_room_for_what_is_not_there() -> None:
    whole = png()
    at = whole.index(b"IDAT") - 4
    damaged = whole[:at] + struct.pack(">I", 0xFFFFFFF0) + whole[at + 4 :]
    tracemalloc.start()
    try:
        with pytest.raises(BadPhoto):
            read_photo(damaged)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()

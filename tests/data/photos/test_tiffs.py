"""TIFFs of every kind of samples, which Pillow reads wrongly or not at all."""

from __future__ import annotations

import contextlib
import io
import logging
import struct
import zlib
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from partly.data.photos import tiff_samples
from partly.data.photos.photo import read_photo
from partly.errors import BadPhoto
from tests.data.photos.files import gradient

COLOURS = [(220, 40, 40), (40, 200, 40), (40, 40, 220), (230, 220, 40)]


def quadrants(height: int = 32, width: int = 48) -> np.ndarray:
    """Red and green over blue and yellow, uint8 [h, w, 3]."""
    pixels = np.empty((height, width, 3), np.uint8)
    for place, colour in enumerate(COLOURS):
        rows = slice(height // 2) if place < 2 else slice(height // 2, None)
        columns = slice(width // 2, None) if place % 2 else slice(width // 2)
        pixels[rows, columns] = colour
    return pixels


def written(samples: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, samples, metadata=None, **options)
    return buffer.getvalue()


def deep(pixels: np.ndarray, dtype: str) -> np.ndarray:
    if np.dtype(dtype).kind == "f":
        return (pixels / 255).astype(dtype)
    return pixels.astype(dtype) * (1 if dtype == "u1" else 257)


def by_hand(tags: list[tuple[int, int]], data: bytes, order: str = "<") -> bytes:
    """A TIFF of one strip, with tags of one LONG each; 273 and 279 are added."""
    tags = sorted([*tags, (273, 8), (279, len(data))])
    entries = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in tags)
    data += b"\0" * (len(data) % 2)
    head = struct.pack(order + "2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(data))
    return head + data + struct.pack(order + "H", len(tags)) + entries + bytes(4)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u2", "u4", "f2", "f4", "f8"])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_planes_apart_or_together_are_the_same_photo(
    order: str, dtype: str, tile: tuple[int, int] | None, compression: str | None
) -> None:
    samples = deep(quadrants(), dtype)
    options: dict[str, Any] = {"byteorder": order, "tile": tile, "compression": compression}
    together = written(samples, photometric="rgb", planarconfig="contig", **options)
    apart = written(np.moveaxis(samples, -1, 0), photometric="rgb", planarconfig="separate", **options)
    for data in (together, apart):
        np.testing.assert_array_equal(read_photo(data).pixels, quadrants())


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "f4", "f8"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_where_0_is_white_greys_are_turned_round(order: str, dtype: str, options: dict[str, Any]) -> None:
    grey = gradient()[..., 0]
    for photometric, values in (("minisblack", grey), ("miniswhite", 255 - grey)):
        data = written(deep(values, dtype), photometric=photometric, byteorder=order, **options)
        np.testing.assert_array_equal(read_photo(data).pixels[..., 1], grey)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4"])
def test_differences_of_integers(order: str, dtype: str) -> None:
    options: dict[str, Any] = {"byteorder": order, "compression": "zlib", "predictor": 2}
    for photometric, values in (("minisblack", gradient()[..., 0]), ("miniswhite", 255 - gradient()[..., 0])):
        data = written(deep(values, dtype), photometric=photometric, **options)
        np.testing.assert_array_equal(read_photo(data).pixels[..., 1], gradient()[..., 0])
    data = written(deep(quadrants(), dtype), photometric="rgb", **options)
    np.testing.assert_array_equal(read_photo(data).pixels, quadrants())


@pytest.mark.parametrize("n_bytes", [2, 4, 8])
@pytest.mark.parametrize("order", ["<", ">"])
def test_differences_of_floats(n_bytes: int, order: str) -> None:
    values = (gradient() / 255).astype(f">f{n_bytes}")
    split = values.view(np.uint8).reshape(24, 32 * 3, n_bytes).swapaxes(1, 2).reshape(24, -1, 3)
    differences = np.diff(split, axis=1, prepend=np.zeros((24, 1, 3), np.uint8))
    tags = [(256, 32), (257, 24), (259, 8), (262, 2), (277, 3), (278, 24), (317, 3), (339, 3)]
    data = by_hand([*tags, (258, 8 * n_bytes)], zlib.compress(differences.tobytes()), order)
    np.testing.assert_array_equal(read_photo(data).pixels, gradient())


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "lzma", "tiff_adobe_deflate"])
@pytest.mark.parametrize("zero_is", ["black", "white"])
def test_every_lossless_compression_is_read(compression: str, zero_is: str) -> None:
    grey = gradient()[..., 0]
    stored = grey if zero_is == "black" else 255 - grey
    for values in (stored.astype(np.uint16) * 257, (stored / 255).astype(np.float32)):
        buffer = io.BytesIO()
        tags = {262: int(zero_is == "black")}
        Image.fromarray(values).save(buffer, "TIFF", compression=compression, tiffinfo=tags)
        np.testing.assert_array_equal(read_photo(buffer.getvalue()).pixels[..., 0], grey)


def test_12_bits_are_their_own_full_range() -> None:
    values = np.array([[0, 1000, 2048, 4095]], np.uint32)
    bits = (values[..., None] >> np.arange(11, -1, -1) & 1).astype(np.uint8)
    data = np.packbits(bits.reshape(1, -1), axis=1).tobytes()
    size = [(256, 4), (257, 1), (258, 12), (277, 1), (278, 1)]
    expected = np.rint(values[0] / 4095 * 255)
    for order in "<>":
        lighter = read_photo(by_hand([*size, (259, 1), (262, 1)], data, order)).pixels
        np.testing.assert_array_equal(lighter[0, :, 0], expected)
        darker = read_photo(by_hand([*size, (259, 1), (262, 0)], data, order)).pixels
        np.testing.assert_array_equal(darker[0, :, 0], 255 - expected)
        packed = read_photo(by_hand([*size, (259, 8), (262, 1)], zlib.compress(data), order)).pixels
        np.testing.assert_array_equal(packed, lighter)


def test_signed_numbers_are_no_large_ones() -> None:
    values = np.array([[-100, -49, 100]], np.int8)
    np.testing.assert_array_equal(read_photo(written(values)).pixels[0, :, 0], [0, 65, 255])
    values = np.array([[0, 127]], np.int8)
    np.testing.assert_array_equal(read_photo(written(values)).pixels[0, :, 0], [0, 255])


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("extra", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha_of_all_types_is_composited_on_white(dtype: str, planes: str, extra: str) -> None:
    alpha = np.full((32, 48, 1), 255, np.uint8)
    alpha[:8] = 0
    colours = quadrants() * (alpha > 0) if extra == "assocalpha" else quadrants()
    samples = deep(np.concatenate([colours, alpha], axis=2), dtype)
    samples = samples if planes == "contig" else np.moveaxis(samples, -1, 0)
    data = written(samples, photometric="rgb", planarconfig=planes, extrasamples=[extra])
    expected = quadrants()
    if extra != "unspecified":
        expected[:8] = 255
    np.testing.assert_array_equal(read_photo(data).pixels, expected)


@pytest.mark.parametrize("dtype", ["u1", "u2"])
@pytest.mark.parametrize("extra", [None, "unassalpha", "unspecified"])
def test_cmyk_with_and_without_alpha(dtype: str, extra: str | None) -> None:
    inks = Image.fromarray(quadrants()).convert("CMYK")
    samples = np.asarray(inks)
    options: dict[str, Any] = {}
    if extra:
        samples = np.concatenate([samples, np.full((32, 48, 1), 255, np.uint8)], axis=2)
        options = {"extrasamples": [extra]}
    data = written(deep(samples, dtype), photometric="separated", planarconfig="contig", **options)
    np.testing.assert_array_equal(read_photo(data).pixels, np.asarray(inks.convert("RGB")))


def test_a_palette_of_16_bit_indexes() -> None:
    palette = np.zeros((3, 65536), np.uint16)
    palette[:, [7, 300]] = np.array([[10, 20, 30], [200, 100, 0]], np.uint16).T << 8
    data = written(np.array([[7, 300]], np.uint16), photometric="palette", colormap=palette)
    np.testing.assert_array_equal(read_photo(data).pixels, [[(10, 20, 30), (200, 100, 0)]])


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("photometric", [0, 1])
def test_floats_by_lzw_are_turned_upright_and_round(orientation: int, photometric: int) -> None:
    grey = gradient()[..., 0]
    values = ((grey if photometric else 255 - grey) / 255).astype(np.float32)
    buffer = io.BytesIO()
    tags = {262: photometric, 274: orientation, 317: 3}
    Image.fromarray(values).save(buffer, "TIFF", compression="tiff_lzw", tiffinfo=tags)
    pixels = read_photo(buffer.getvalue()).pixels[..., 0]
    np.testing.assert_array_equal(pixels, grey if orientation == 1 else np.rot90(grey, -1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_ones_are_turned_upright_too(orientation: int) -> None:
    tag = [(274, 3, 1, orientation, True)]
    turned = written(deep(gradient(), "f4"), photometric="rgb", extratags=tag)
    plain = written(gradient(), photometric="rgb", extratags=tag)
    np.testing.assert_array_equal(read_photo(turned).pixels, read_photo(plain).pixels)


def pages(*several: tuple[np.ndarray, dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for samples, options in several:
            writer.write(samples, photometric="rgb", metadata=None, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["u1", "u2"])
def test_a_first_page_that_is_a_thumbnail_is_passed_over(dtype: str) -> None:
    whole = deep(quadrants(), dtype)
    small = deep(quadrants(8, 12), dtype)
    note = ("1 page before it passed over, as small copies or masks",)
    for data in (
        pages((small, {"subfiletype": 1}), (whole, {})),
        pages((small, {"subfiletype": 1, "subifds": 1}), (whole, {})),
        pages((small, {}), (whole, {})),  # only its size tells
    ):
        photo = read_photo(data)
        np.testing.assert_array_equal(photo.pixels, quadrants())
        assert photo.mended == note
    below = read_photo(pages((whole, {"subifds": 1}), (small, {"subfiletype": 1})))
    assert (below.width_px, below.mended) == (48, ())
    alone = read_photo(pages((small, {"subfiletype": 1})))
    assert (alone.width_px, alone.mended) == (12, ())


def test_a_damaged_later_page_does_not_matter() -> None:
    apart = np.moveaxis(deep(quadrants(), "u2"), -1, 0)
    data = bytearray(written(apart, photometric="rgb", planarconfig="separate"))
    (first,) = struct.unpack("<I", data[4:8])
    (n_tags,) = struct.unpack("<H", data[first : first + 2])
    at = first + 2 + 12 * n_tags
    data[at : at + 4] = struct.pack("<I", 9)  # the next page is said to be amid the first's tags
    np.testing.assert_array_equal(read_photo(bytes(data)).pixels, quadrants())


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_page_below_a_thumbnail_is_found_by_pillow_too(order: str, big: bool) -> None:
    buffer = io.BytesIO()
    palette = np.zeros((3, 256), np.uint16)
    palette[:, 7] = (10 << 8, 20 << 8, 30 << 8)
    with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=big) as writer:
        writer.write(quadrants(8, 12), photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(np.full((32, 48), 7, np.uint8), photometric="palette", colormap=palette, metadata=None)
    photo = read_photo(buffer.getvalue())
    np.testing.assert_array_equal(photo.pixels, np.broadcast_to([10, 20, 30], (32, 48, 3)))


def test_pages_of_another_shape_do_not_replace_the_first() -> None:
    photo = read_photo(pages((quadrants(8, 12), {}), (quadrants(48, 32), {})))
    assert (photo.height_px, photo.width_px, photo.mended) == (8, 12, ())


def test_kinds_that_cannot_be_read_are_named() -> None:
    cases = {
        "CIELAB, 3 x 16-bit": written(deep(quadrants(), "u2"), photometric="cielab"),
        "RGB, 3 x 16-bit, JPEG": by_hand(
            [(256, 1), (257, 1), (258, 16), (259, 7), (262, 2), (277, 3), (278, 1)], b"\0" * 20
        ),
        "RGB, 3 x 8-bit, JPEG 2000": by_hand(
            [(256, 1), (257, 1), (258, 8), (259, 33003), (262, 2), (277, 3), (278, 1)], b"\0" * 20
        ),
        "grey, 1 x 8-bit, compression 65432": by_hand(
            [(256, 1), (257, 1), (258, 8), (259, 65432), (262, 1), (277, 1), (278, 1)], b"\0" * 20
        ),
        "RGB, 3 x 64-bit format 6": written(np.zeros((2, 2, 3), np.complex64), photometric="rgb"),
    }
    for kind, data in cases.items():
        with pytest.raises(BadPhoto) as caught:
            read_photo(data, "a.tif")
        assert str(caught.value) == (
            f"a.tif: is a TIFF of a kind that cannot be read ({kind}); expected grey, RGB, CMYK or palette."
            " Save it with 8 bits a colour, or as PNG or JPEG."
        )


def test_raw_photos_of_cameras_are_not_taken_for_their_thumbnails() -> None:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(quadrants(8, 12), photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(np.zeros((8, 8), np.uint16), photometric="cfa", metadata=None)
    with pytest.raises(BadPhoto) as caught:
        read_photo(buffer.getvalue(), "a.dng")
    assert str(caught.value) == (
        "a.dng: is a raw photo of a camera, which cannot be read; expected JPEG, PNG, WebP or TIFF."
        " Convert it to JPEG first."
    )


def test_the_limit_holds_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object) -> bytes:
        raise AssertionError("unpacked")

    monkeypatch.setattr(tiff_samples, "_unpacked", never)
    data = written(deep(quadrants(), "f4"), photometric="rgb", compression="zlib")
    with pytest.raises(BadPhoto) as caught:
        read_photo(data, "a.tif", max_pixels=1000)
    assert str(caught.value) == (
        "a.tif: has 48 x 32 pixels (0 megapixels); expected at most 0 megapixels. Make it smaller first."
    )
    many = written(np.zeros((4, 4, 300), np.uint16), photometric="minisblack", planarconfig="contig")
    with pytest.raises(BadPhoto, match="has 4 x 4 pixels, more than fit into memory"):
        read_photo(many, max_pixels=20)


def test_a_strip_unpacks_to_no_more_than_the_page_holds() -> None:
    bomb = zlib.compress(b"\0" * 5_000_000)
    tags = [(256, 2), (257, 1), (258, 32), (259, 8), (262, 1), (277, 1), (278, 1), (339, 3)]
    assert read_photo(by_hand(tags, bomb)).width_px == 2
    assert len(tiff_samples._unpacked(bomb, 8, 8, 1)) == 8


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_truncated_deep_ones_are_refused(compression: str | None, kept: float) -> None:
    noise = np.random.default_rng(0).integers(0, 65535, (24, 32, 3), np.uint16)
    data = written(noise, photometric="rgb", compression=compression)
    with pytest.raises(BadPhoto, match="truncated or damaged"):
        read_photo(data[: int(len(data) * kept)])


def test_tifffile_does_not_log(caplog: pytest.LogCaptureFixture) -> None:
    data = written(deep(quadrants(), "u2"), photometric="rgb", extratags=[(274, 2, 0, "junk", True)])
    with caplog.at_level(logging.DEBUG):
        assert read_photo(data).width_px == 48
        with pytest.raises(BadPhoto):
            read_photo(data[:100])
    assert not [record for record in caplog.records if record.name == "tifffile"]


def test_what_libtiff_thinks_of_a_file_is_not_printed(capfd: pytest.CaptureFixture[str]) -> None:
    file = io.BytesIO()
    Image.fromarray(quadrants()).save(file, "TIFF", compression="tiff_lzw")
    data = file.getvalue()
    for at in range(8, len(data) - 8, 8):
        with contextlib.suppress(BadPhoto):
            read_photo(data[:at] + b"\xff" * 8 + data[at + 8 :])
    assert capfd.readouterr() == ("", "")

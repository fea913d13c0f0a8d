from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageFile, ImageOps

from partly.data.photos.encoding import resize_pixels
from partly.data.photos.photo import Photo, photo_of, read_photo
from partly.errors import BadPhoto
from tests.data.photos.files import encoded, gradient

LOSSLESS = ["PNG", "BMP", "TIFF", "PPM"]
LOSSY = ["JPEG", "WEBP", "GIF", "JPEG2000", "AVIF"]


def deep_rgb_png(pixels: np.ndarray) -> bytes:
    """A 16-bit RGB PNG, which Pillow cannot write."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("fmt", LOSSLESS)
def test_rgb_comes_back_exactly(fmt: str, tmp_path: Path) -> None:
    path = tmp_path / "a.photo"
    path.write_bytes(encoded(gradient(), fmt))
    photo = read_photo(path)
    assert photo.name == "a.photo"
    assert (photo.width_px, photo.height_px) == (32, 24)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.writeable
    assert photo.pixels.flags.c_contiguous
    np.testing.assert_array_equal(photo.pixels, gradient())


@pytest.mark.parametrize("fmt", LOSSY)
def test_lossy_formats_are_close(fmt: str) -> None:
    photo = read_photo(encoded(gradient(), fmt), "x")
    assert np.abs(photo.pixels.astype(int) - gradient()).mean() < 12


def test_paths_bytes_and_open_files_give_the_same(tmp_path: Path) -> None:
    data = encoded(gradient(), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        file.seek(5)
        photos = [read_photo(path), read_photo(str(path)), read_photo(data, "a.png"), read_photo(file)]
    assert photos[3].name == str(path)
    for photo in photos:
        np.testing.assert_array_equal(photo.pixels, gradient())
    assert read_photo(io.BytesIO(data)).name == "photo"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_exif_rotation_is_that_of_pillow(orientation: int, fmt: str) -> None:
    image = Image.fromarray(gradient())
    exif = image.getexif()
    exif[0x0112] = orientation
    data = encoded(image, fmt, exif=exif, **({"lossless": True} if fmt == "WEBP" else {}))
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    assert expected.shape[:2] == ((24, 32) if orientation < 5 else (32, 24))
    np.testing.assert_array_equal(read_photo(data).pixels, expected)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_impossible_orientations_are_ignored(value: int) -> None:
    image = Image.fromarray(gradient())
    exif = image.getexif()
    exif[0x0112] = value
    np.testing.assert_array_equal(read_photo(encoded(image, "PNG", exif=exif)).pixels, gradient())


def test_a_damaged_exif_block_is_ignored() -> None:
    data = encoded(gradient(), "PNG", exif=b"Exif\0\0XX*\0\xff\xff\xff\xff garbage")
    np.testing.assert_array_equal(read_photo(data).pixels, gradient())


def test_grey_and_one_bit() -> None:
    grey = gradient()[..., 0]
    np.testing.assert_array_equal(read_photo(encoded(grey, "PNG")).pixels, np.repeat(grey[..., None], 3, 2))
    bits = Image.fromarray((gradient()[..., 0] > 90) * np.uint8(255)).convert("1")
    pixels = read_photo(encoded(bits, "PNG")).pixels
    np.testing.assert_array_equal(pixels[..., 1], (grey > 90) * 255)


def test_alpha_is_composited_on_white() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0] = [(10, 20, 30, 255), (10, 20, 30, 0), (0, 0, 0, 51)]
    expected = [(10, 20, 30), (255, 255, 255), (204, 204, 204)]
    for fmt, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True, "exact": True})):
        np.testing.assert_array_equal(read_photo(encoded(rgba, fmt, **options)).pixels[0], expected)
    grey = Image.merge("LA", (Image.new("L", (2, 1), 40), Image.new("L", (2, 1), 0)))
    np.testing.assert_array_equal(read_photo(encoded(grey, "PNG")).pixels, np.full((1, 2, 3), 255))


@pytest.mark.parametrize("mode", ["La", "RGBa", "PA"])
def test_premultiplied_and_palette_alpha(mode: str) -> None:
    image = Image.new("LA", (2, 2), (100, 255))
    if mode == "PA":
        image = Image.new("PA", (2, 2), (3, 255))
        image.putpalette([0] * 9 + [100] * 3)
    else:
        image = image.convert("La") if mode == "La" else image.convert("RGBA").convert("RGBa")
    np.testing.assert_array_equal(photo_of(image).pixels, np.full((2, 2, 3), 100))


@pytest.mark.parametrize("transparency", [1, b"\xff\x00"])
def test_palette_with_transparency(transparency: int | bytes) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 0, 200])
    image.putpixel((1, 0), 1)
    pixels = read_photo(encoded(image, "PNG", transparency=transparency)).pixels
    np.testing.assert_array_equal(pixels, [[(200, 0, 0), (255, 255, 255)]])
    opaque = read_photo(encoded(image, "PNG")).pixels
    np.testing.assert_array_equal(opaque, [[(200, 0, 0), (0, 0, 200)]])


def test_colour_keys_are_transparent() -> None:
    image = Image.fromarray(np.array([[(1, 2, 3), (4, 5, 6)]], np.uint8))
    pixels = read_photo(encoded(image, "PNG", transparency=(1, 2, 3))).pixels
    np.testing.assert_array_equal(pixels, [[(255, 255, 255), (4, 5, 6)]])
    grey = Image.fromarray(np.array([[7, 8]], np.uint8))
    pixels = read_photo(encoded(grey, "PNG", transparency=7)).pixels
    np.testing.assert_array_equal(pixels[..., 0], [[255, 8]])


@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "PPM"])
def test_16_bit_grey(fmt: str) -> None:
    values = np.array([[0, 128, 257, 32768, 65535]], np.uint16)
    pixels = read_photo(encoded(values, fmt)).pixels
    np.testing.assert_array_equal(pixels[0, :, 2], [0, 0, 1, 128, 255])


def test_16_bit_rgb() -> None:
    values = (gradient().astype(np.uint16) << 8) + 17
    np.testing.assert_array_equal(read_photo(deep_rgb_png(values)).pixels, gradient())


def test_32_bit_integers() -> None:
    fits = Image.fromarray(np.array([[0, 65535]], np.int32))
    np.testing.assert_array_equal(read_photo(encoded(fits, "TIFF")).pixels[0, :, 0], [0, 255])
    stretched = Image.fromarray(np.array([[-1000, 0, 1000]], np.int32))
    np.testing.assert_array_equal(read_photo(encoded(stretched, "TIFF")).pixels[0, :, 0], [0, 128, 255])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 3.4, 200.0], [0, 3, 200]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([np.nan, np.inf, 1.0], [0, 0, 255]),
        ([-7.0, np.nan, -7.0], [0, 0, 0]),
        ([np.nan, np.nan, np.inf], [0, 0, 0]),
    ],
)
def test_floats(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    pixels = read_photo(encoded(image, "TIFF")).pixels
    np.testing.assert_array_equal(pixels[0, :, 0], np.round(expected))


def test_cmyk_is_turned_to_rgb() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for data in (encoded(red, "JPEG", quality=100), encoded(red, "TIFF")):
        np.testing.assert_allclose(read_photo(data).pixels[5, 5], (255, 0, 0), atol=4)


def test_adobe_inverted_cmyk_is_read_as_pillow_reads_it() -> None:
    # Pillow writes CMYK JPEGs with the Adobe marker, inverted; without the marker they are not inverted.
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    assert b"Adobe" in data
    image = Image.open(io.BytesIO(data))
    assert image.mode == "CMYK"
    np.testing.assert_array_equal(read_photo(data).pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["YCbCr", "HSV", "LAB", "RGBX"])
def test_other_colour_spaces(mode: str) -> None:
    image = Image.new("RGB", (4, 4), (200, 30, 60)).convert(mode if mode != "LAB" else "RGB")
    if mode == "LAB":
        image = Image.new("LAB", (4, 4), (128, 128, 128))
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(photo_of(image).pixels, expected)


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "TIFF", "PNG"])
def test_animations_give_their_first_frame(fmt: str) -> None:
    first, second = Image.new("RGB", (8, 8), (250, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 250))
    options = {"lossless": True} if fmt == "WEBP" else {}
    data = encoded(first, fmt, save_all=True, append_images=[second], **options)
    np.testing.assert_array_equal(read_photo(data).pixels, np.asarray(first))


def test_one_pixel() -> None:
    np.testing.assert_array_equal(
        read_photo(encoded(np.array([[[1, 2, 3]]], np.uint8), "PNG")).pixels, [[[1, 2, 3]]]
    )


def test_strips_do_not_show() -> None:
    pixels = gradient(1100, 3)
    np.testing.assert_array_equal(read_photo(encoded(pixels, "PNG")).pixels, pixels)
    deep = np.arange(1100, dtype=np.uint16)[:, None] * 50
    np.testing.assert_array_equal(
        read_photo(encoded(deep, "PNG")).pixels[..., 0], np.rint(deep / 257).astype(np.uint8)
    )


def test_a_lying_suffix_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really.jpg"
    path.write_bytes(encoded(gradient(), "PNG"))
    np.testing.assert_array_equal(read_photo(path).pixels, gradient())


def test_too_many_pixels_are_refused_by_the_header() -> None:
    data = encoded(gradient(), "PNG")
    # The header claims 30000 x 20000 pixels; nobody may decode them.
    lying = data[:16] + struct.pack(">II", 30000, 20000) + data[24:]
    header = lying[12:29]
    lying = lying[:29] + struct.pack(">I", zlib.crc32(header)) + lying[33:]
    with pytest.raises(BadPhoto) as caught:
        read_photo(lying, "bomb.png")
    assert str(caught.value) == (
        "bomb.png: has 30000 x 20000 pixels (600 megapixels); expected at most 200 megapixels."
        " Make it smaller first."
    )
    with pytest.raises(BadPhoto, match=r"has 32 x 24 pixels \(0 megapixels\)"):
        read_photo(data, max_pixels=100)
    assert read_photo(data, max_pixels=32 * 24).width_px == 32


def test_photos_beyond_the_limit_of_pillow_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_photo(encoded(gradient(), "PNG")).width_px == 32
    assert Image.MAX_IMAGE_PIXELS == 10


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF"])
@pytest.mark.parametrize("kept", [0.03, 0.3, 0.6, 0.95])
def test_truncated_files_are_refused(fmt: str, kept: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    rng = np.random.default_rng(0)
    data = encoded(rng.integers(0, 255, (24, 32, 3), np.uint8), fmt)
    with pytest.raises(BadPhoto) as caught:
        read_photo(data[: int(len(data) * kept)], "cut")
    assert "truncated or damaged" in str(caught.value) or "no image of a known format" in str(caught.value)
    assert caught.value.path == Path("cut")
    assert ImageFile.LOAD_TRUNCATED_IMAGES


def test_the_last_bytes_of_a_png_count_too() -> None:
    data = encoded(gradient(), "PNG")
    for n_missing in (8, 12, 16):
        with pytest.raises(BadPhoto, match="truncated or damaged"):
            read_photo(data[:-n_missing])


def test_progressive_jpeg_truncated_after_the_first_scans() -> None:
    data = encoded(gradient(64, 64), "JPEG", progressive=True)
    with pytest.raises(BadPhoto, match="truncated or damaged"):
        read_photo(data[: len(data) * 3 // 4])


@settings(deadline=None, max_examples=60)
@given(
    fmt=st.sampled_from(["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"]),
    position=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=8),
)
def test_damaged_files_are_read_or_refused_but_never_crash(fmt: str, position: float, noise: bytes) -> None:
    data = bytearray(encoded(gradient(), fmt))
    start = int(position * (len(data) - len(noise)))
    data[start : start + len(noise)] = noise
    try:
        photo = read_photo(bytes(data), max_pixels=100_000)
    except BadPhoto:
        return
    assert photo.pixels.dtype == np.uint8


def test_what_is_no_photo_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 30)
    (tmp_path / "drawing.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    cases = {
        "missing.jpg": "no such file; expected a photo.",
        ".": "is a folder; expected a photo.",
        "empty.jpg": "is empty; expected an image file.",
        "text.jpg": "is no image of a known format, or damaged in its first bytes; expected one of JPEG,"
        " PNG, WEBP, GIF, TIFF, BMP, PPM, JPEG2000, AVIF.",
        "phone.heic": "is a HEIF (HEIC) photo, which cannot be read; expected JPEG, PNG, WebP or TIFF."
        " Convert it to JPEG first.",
        "nul\0.jpg": "cannot be opened (embedded null byte); expected a photo.",
    }
    for name, text in cases.items():
        with pytest.raises(BadPhoto) as caught:
            read_photo(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {text}"
    with pytest.raises(BadPhoto, match="no image of a known format"):
        read_photo(tmp_path / "drawing.eps")


def test_a_file_that_cannot_seek_is_refused() -> None:
    class Pipe(io.BytesIO):
        def seek(self, *args: int) -> int:
            raise io.UnsupportedOperation("seek")

    with pytest.raises(BadPhoto, match=r"cannot be read \(seek\)"):
        read_photo(Pipe(b"x"))


def test_memory_errors_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(image: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr("partly.data.photos.decoding.rgb_pixels", no_memory)
    with pytest.raises(BadPhoto, match="has 32 x 24 pixels, more than fit into memory"):
        read_photo(encoded(gradient(), "PNG"))


def test_header_errors_of_any_kind_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(BadPhoto, match=r"truncated or damaged \(ZeroDivisionError\)"):
        read_photo(encoded(gradient(), "PNG"))


def test_warnings_of_pillow_stay_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Image.open

    def warning_open(*args: object, **kwargs: object) -> Image.Image:
        warnings.warn("about metadata", UserWarning, stacklevel=1)
        return opened(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Image, "open", warning_open)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_photo(encoded(gradient(), "PNG"))


def test_threads_leave_the_settings_of_pillow_as_they_were() -> None:
    data = encoded(gradient(200, 200), "PNG")
    before = Image.MAX_IMAGE_PIXELS
    threads = [threading.Thread(target=read_photo, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == Image.MAX_IMAGE_PIXELS


def test_photo_of_takes_all_that_holds_a_photo(tmp_path: Path) -> None:
    pixels = gradient()
    photo = Photo("x", pixels)
    assert photo_of(photo) is photo
    assert photo.renamed("y").name == "y"
    path = tmp_path / "a.png"
    path.write_bytes(encoded(pixels, "PNG"))
    with Image.open(path) as image:
        from_image = photo_of(image)
    assert from_image.name == "a.png"
    for other in (
        from_image,
        photo_of(path),
        photo_of(str(path)),
        photo_of(pixels),
        photo_of(path.read_bytes()),
    ):
        np.testing.assert_array_equal(other.pixels, pixels)
    np.testing.assert_array_equal(photo_of(pixels[..., 0]).pixels[..., 2], pixels[..., 0])
    clear = np.concatenate([pixels, np.zeros_like(pixels[..., :1])], axis=2)
    assert (photo_of(clear).pixels == 255).all()
    np.testing.assert_array_equal(photo_of(pixels[::2, ::-1]).pixels, pixels[::2, ::-1])


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(BadPhoto) as caught:
        photo_of(array)
    assert (
        str(caught.value)
        == f"is an array of {array.dtype} {list(array.shape)}; expected uint8 [h, w, 3], RGB."
    )


def test_a_truncated_pillow_image_is_refused() -> None:
    image = Image.open(io.BytesIO(encoded(gradient(), "JPEG")[:-20]))
    with pytest.raises(BadPhoto, match="truncated or damaged"):
        photo_of(image)


def test_a_jpeg_is_read_small_in_less_time_and_looks_the_same() -> None:
    rows, columns = np.mgrid[:480, :720]
    smooth = np.stack([rows // 2, columns // 3, (rows + columns) // 5], axis=2).astype(np.uint8)
    image = Image.fromarray(smooth)
    exif = image.getexif()
    exif[ExifTags.Base.Orientation] = 6
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95, exif=exif)
    whole = read_photo(buffer.getvalue()).pixels
    assert whole.shape == (720, 480, 3)
    for at_least_px, side in ((300, 480), (200, 240), (100, 120), (1, 60)):
        small = read_photo(buffer.getvalue(), at_least_px=at_least_px).pixels
        assert small.shape == (side * 3 // 2, side, 3)
        expected = resize_pixels(whole, side, side * 3 // 2).astype(int)
        assert np.abs(small - expected).mean() < 2
    png = io.BytesIO()
    image.save(png, "PNG")
    assert read_photo(png.getvalue(), at_least_px=50).pixels.shape == (480, 720, 3)
    with pytest.raises(BadPhoto, match="truncated"):
        read_photo(buffer.getvalue()[:-400], at_least_px=50)
    with pytest.raises(BadPhoto, match="megapixels"):
        read_photo(buffer.getvalue(), at_least_px=50, max_pixels=1000)

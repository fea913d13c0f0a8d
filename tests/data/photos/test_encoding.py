from __future__ import annotations

import base64
from pathlib import Path

import numpy as np

from partly.data.photos.encoding import (
    encode_jpeg,
    encode_png,
    jpeg_data_uri,
    png_data_uri,
    resize_pixels,
    thumbnail,
    write_jpeg,
    write_png,
)
from partly.data.photos.photo import read_photo
from tests.data.photos.files import gradient


def test_png_keeps_every_value() -> None:
    pixels = gradient()
    np.testing.assert_array_equal(read_photo(encode_png(pixels)).pixels, pixels)
    np.testing.assert_array_equal(read_photo(encode_png(pixels[::-1, ::2])).pixels, pixels[::-1, ::2])
    np.testing.assert_array_equal(read_photo(encode_png(pixels[..., 0])).pixels[..., 1], pixels[..., 0])


def test_jpeg_is_close_and_smaller_at_lower_quality() -> None:
    pixels = gradient(100, 100)
    assert np.abs(read_photo(encode_jpeg(pixels, 95)).pixels.astype(int) - pixels).mean() < 4
    assert len(encode_jpeg(pixels, 20)) < len(encode_jpeg(pixels, 90))


def test_files_are_written_with_their_folders(tmp_path: Path) -> None:
    write_png(tmp_path / "x" / "a.png", gradient())
    write_jpeg(tmp_path / "x" / "a.jpg", gradient(), 80)
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == ["a.jpg", "a.png"]
    np.testing.assert_array_equal(read_photo(tmp_path / "x" / "a.png").pixels, gradient())


def test_data_uris_hold_the_files() -> None:
    start, data = png_data_uri(gradient()).split(",")
    assert start == "data:image/png;base64"
    assert base64.b64decode(data) == encode_png(gradient())
    start, data = jpeg_data_uri(gradient(), 50).split(",")
    assert start == "data:image/jpeg;base64"
    assert base64.b64decode(data) == encode_jpeg(gradient(), 50)


def test_resize_is_antialiased() -> None:
    stripes = np.zeros((8, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    small = resize_pixels(stripes, 8, 4)
    assert small.shape == (4, 8, 3)
    assert np.abs(small.astype(int) - 100).max() < 15
    assert resize_pixels(stripes, 64, 8) is stripes


def test_thumbnails_keep_the_aspect_and_never_grow() -> None:
    assert thumbnail(gradient(20, 40), 10).shape == (5, 10, 3)
    assert thumbnail(gradient(2000, 3), 10).shape == (10, 1, 3)
    pixels = gradient()
    assert thumbnail(pixels, 32) is pixels

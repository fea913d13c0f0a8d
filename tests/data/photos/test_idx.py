import gzip
import struct

import numpy as np
import pytest

from partly.data.photos.photo import read_photo
from partly.data.photos.photo_sets import make_photo_set
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadArchive

PIXELS = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
CONTENT = b"\x00\x00\x08\x03" + struct.pack(">3I", 3, 4, 5) + PIXELS.tobytes()


def head_of(*shape: int) -> bytes:
    return CONTENT[:4] + struct.pack(">3I", *shape)


@pytest.fixture(params=["plain", "gzip"])
def file(request, tmp_path):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(CONTENT if request.param == "plain" else gzip.compress(CONTENT))
    return path


def test_every_photo_is_found_grey_in_all_colours(file):
    sources = find_photos(file)
    assert [source.name for source in sources] == ["0.png", "1.png", "2.png"]
    pixels = sources[1].read().pixels
    assert pixels.shape == (4, 5, 3)
    for colour in range(3):
        np.testing.assert_array_equal(pixels[:, :, colour], PIXELS[1])
    with sources[2].open() as opened:
        np.testing.assert_array_equal(read_photo(opened, "2").pixels[:, :, 0], PIXELS[2])


def test_names_among_others_are_unique(file, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    again = folder / "more-idx3-ubyte"
    again.write_bytes(CONTENT)
    names = [source.name for source in find_photos([file, again])]
    assert names[0] == "train-images-idx3-ubyte/0.png"
    assert names[5] == "more-idx3-ubyte/2.png"


def test_a_set_of_squares_is_made_of_it(file, tmp_path):
    squares = make_photo_set(find_photos(file), tmp_path / "set", 4).squares
    assert squares.shape == (3, 4, 4, 3)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (CONTENT[:-1], "has 59 bytes of pixels; expected 60: 3 photos of 5 x 4"),
        (CONTENT[:10], "is cut off; expected a head of 16 bytes"),
        (gzip.compress(CONTENT, mtime=0)[:-9], "cannot be unpacked"),
        (head_of(3, 0, 28), "holds 3 photos of 28 x 0 pixels; expected 1 to 200000000 pixels a photo"),
        (head_of(1, 28, 0), "holds 1 photo of 0 x 28 pixels"),
        (head_of(1 << 31, 28, 28), "holds 2147483648 photos of 28 x 28 pixels; expected"),
        (head_of(2_000_000, 28, 28), "has 0 bytes of pixels; expected 1568000000"),
        (CONTENT + b"x", "has 61 bytes or more of pixels; expected 60"),
        (gzip.compress(head_of(2, 0, 0), mtime=0), "holds 2 photos of 0 x 0 pixels"),
    ],
)
def test_damaged_files(tmp_path, content, text):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(BadArchive, match=text):
        find_photos(path)


def test_gzip_of_something_else_is_no_idx(tmp_path):
    path = tmp_path / "photo.gz"
    path.write_bytes(gzip.compress(b"something else"))
    assert [source.name for source in find_photos(path)] == ["photo.gz"]
    path.write_bytes(b"\x1f\x8b broken")
    assert [source.name for source in find_photos(path)] == ["photo.gz"]

import json

import numpy as np
import pytest

from partly.data.photos.encoding import write_png
from partly.data.photos.photo_sets import make_photo_set, squared
from partly.data.photos.photo_sources import find_photos
from partly.errors import BadOption


@pytest.fixture
def photos(tmp_path):
    """Four photos of several sizes, and one that is none."""
    folder = tmp_path / "photos"
    random = np.random.default_rng(0)
    for name, size in {"a": (8, 8), "b": (20, 8), "c": (8, 30), "e": (3, 3)}.items():
        write_png(folder / f"{name}.png", random.integers(0, 256, (*size, 3), dtype=np.uint8))
    (folder / "d.png").write_bytes(b"no picture")
    return folder


def test_squares_in_order_and_what_failed(photos, tmp_path):
    told = []
    found = make_photo_set(find_photos(photos), tmp_path / "set", 8, on_photo=lambda *n: told.append(n))
    assert found.names == ("a.png", "b.png", "c.png", "e.png")
    assert len(found) == 4
    assert found.squares.shape == (4, 8, 8, 3)
    for i, source in enumerate(source for source in find_photos(photos) if source.name != "d.png"):
        assert np.array_equal(found.squares[i], squared(source.read().pixels, 8, "crop"))
    [(name, reason)] = found.failed
    assert name == "d.png"
    assert "is no image" in reason or "no photo" in reason or reason
    assert told == [(i, 5) for i in range(1, 6)]


def test_the_second_call_reads_nothing(photos, tmp_path, monkeypatch):
    first = make_photo_set(find_photos(photos), tmp_path / "set", 8)
    monkeypatch.setattr(
        "partly.data.photos.photo_location.PhotoSource.read", lambda self: pytest.fail("read again")
    )
    again = make_photo_set(find_photos(photos), tmp_path / "set", 8)
    assert np.array_equal(first.squares, again.squares)
    assert (again.names, again.failed, again.digest) == (first.names, first.failed, first.digest)


@pytest.mark.parametrize("change", ["size", "fit", "photo", "damage"])
def test_what_changed_is_made_anew(photos, tmp_path, change):
    first = make_photo_set(find_photos(photos), tmp_path / "set", 8)
    before = first.digest
    if change == "photo":
        write_png(photos / "a.png", np.zeros((8, 8, 3), np.uint8))
    if change == "damage":
        (tmp_path / "set" / "photos.json").write_text("{")
    again = make_photo_set(
        find_photos(photos),
        tmp_path / "set",
        4 if change == "size" else 8,
        "pad" if change == "fit" else "crop",
    )
    assert (again.digest == before) == (change == "damage")
    if change == "photo":
        assert not again.squares[0].any()


def test_goes_on_after_a_stop(photos, tmp_path, monkeypatch):
    whole = make_photo_set(find_photos(photos), tmp_path / "whole", 8)

    def stop(n_done, _n):
        if n_done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_photo_set(find_photos(photos), tmp_path / "set", 8, on_photo=stop)
    # Killed in the middle of a photo: half of its bytes are there, and half of its line.
    with (tmp_path / "set" / "squares.u8").open("ab") as file:
        file.write(b"\1\2\3")
    with (tmp_path / "set" / "squares.jsonl").open("a") as file:
        file.write('{"name": "e.')
    told = []

    def stop_again(*n):
        told.append(n)
        if n == (4, 5):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_photo_set(find_photos(photos), tmp_path / "set", 8, on_photo=stop_again)
    found = make_photo_set(find_photos(photos), tmp_path / "set", 8, on_photo=stop_again)
    assert told == [(4, 5), (5, 5)]
    assert np.array_equal(found.squares, whole.squares)
    assert (found.names, found.failed, found.digest) == (whole.names, whole.failed, whole.digest)
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == ["photos.json", "squares.u8"]


def test_a_stop_with_other_choices_begins_anew(photos, tmp_path):
    def stop(n_done, _n):
        if n_done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_photo_set(find_photos(photos), tmp_path / "set", 4, on_photo=stop)
    found = make_photo_set(find_photos(photos), tmp_path / "set", 8)
    assert np.array_equal(found.squares, make_photo_set(find_photos(photos), tmp_path / "other", 8).squares)
    log = json.loads((tmp_path / "set" / "photos.json").read_text())
    assert log["names"] == list(found.names)


def test_cropping_takes_the_middle():
    pixels = np.zeros((4, 10, 3), np.uint8)
    pixels[:, 3:7] = 200
    assert (squared(pixels, 4, "crop") == 200).all()
    assert (squared(pixels.swapaxes(0, 1), 2, "crop") == 200).all()


def test_padding_keeps_all_and_repeats_the_border():
    pixels = np.zeros((4, 8, 3), np.uint8)
    pixels[0], pixels[-1] = 10, 250
    square = squared(pixels, 8, "pad")
    assert square.shape == (8, 8, 3)
    assert (square[:3] == 10).all()
    assert (square[-3:] == 250).all()
    assert np.array_equal(square[2:6], pixels)


@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (7, 5)])
def test_any_photo_becomes_a_square(fit, size):
    pixels = np.full((*size, 3), 77, np.uint8)
    assert np.array_equal(squared(pixels, 6, fit), np.full((6, 6, 3), 77))


def test_no_photo_that_can_be_read(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"nothing")
    with pytest.raises(
        BadOption, match=r"none of 1 photos can be read \(a.png: .*\); expected photos of one kind"
    ):
        make_photo_set(find_photos(tmp_path / "photos"), tmp_path / "set", 8)
    with pytest.raises(BadOption, match=r"none of 0 photos can be read \(there is none\)"):
        make_photo_set([], tmp_path / "none", 8)


def test_choices_that_cannot_be(photos, tmp_path):
    with pytest.raises(BadOption, match="photos of 0 px; expected 1 or more"):
        make_photo_set(find_photos(photos), tmp_path, 0)
    with pytest.raises(BadOption, match="fit is 'squeeze'; expected one of crop, pad"):
        make_photo_set(find_photos(photos), tmp_path, 8, "squeeze")


def test_photos_in_zips(photos, tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as file:
        for path in sorted(photos.iterdir()):
            file.write(path, path.name)
    found = make_photo_set(find_photos(tmp_path / "photos.zip"), tmp_path / "zip", 8)
    wanted = make_photo_set(find_photos(photos), tmp_path / "folder", 8)
    assert np.array_equal(found.squares, wanted.squares)
    assert found.names == wanted.names

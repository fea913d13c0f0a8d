from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from partly.data.labels.label_bytes import decode_png
from partly.data.labels.label_maps import (
    check_label_map,
    count_part_pixels,
    label_map_to_png,
    read_label_map,
    resize_label_map,
    translate_label_map,
    write_label_map,
)
from partly.data.labels.part_colours import UNLABELLED_COLOUR
from partly.data.labels.part_sets import UNLABELLED, Part, PartSet
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS, drawn, label_maps

MAP = drawn("""
    0012
    0.33
    1122
""")


def saved(tmp_path, pixels, mode=None, palette=None, name="map.png", **options):
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette)
    path = tmp_path / name
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


@settings(deadline=None, max_examples=40)
@given(label_maps())
def test_png_keeps_every_id(label_map):
    assert np.array_equal(np.asarray(decode_png(label_map_to_png(label_map, PARTS))), label_map)


def test_written_maps_read_back_in_the_colours_of_the_parts(tmp_path):
    write_label_map(tmp_path / "deep/map.png", MAP, PARTS)
    found = read_label_map(tmp_path / "deep/map.png", PARTS, size=(3, 4))
    assert found.dtype == np.uint8
    assert np.array_equal(found, MAP)
    with Image.open(tmp_path / "deep/map.png") as image:
        assert image.mode == "P"
        colours = np.asarray(image.convert("RGB"))
    assert tuple(colours[0, 2]) == (200, 0, 0)
    assert tuple(colours[1, 1]) == UNLABELLED_COLOUR
    assert not [path for path in (tmp_path / "deep").iterdir() if path.suffix == ".part"]


def test_the_same_map_gives_the_same_bytes():
    assert label_map_to_png(MAP, PARTS) == label_map_to_png(np.asfortranarray(MAP), PARTS)


def test_ids_count_and_colours_of_no_part_do_not(tmp_path):
    path = saved(tmp_path, MAP, palette=bytes(range(256)) * 3)
    assert np.array_equal(read_label_map(path, PARTS), MAP)


def test_short_palettes_and_grey_and_black_and_white_are_ids(tmp_path):
    tiny = drawn("012 321")
    few_bits = saved(tmp_path, tiny, palette=[0, 0, 0] * 4, name="a.png", bits=2)
    assert np.array_equal(read_label_map(few_bits, PARTS), tiny)
    assert np.array_equal(read_label_map(saved(tmp_path, tiny, name="b.png"), PARTS), tiny)
    wide = saved(tmp_path, tiny.astype(np.uint16), name="c.png")
    assert np.array_equal(read_label_map(wide, PARTS), tiny)
    flags = np.array([[True, False]])
    assert np.array_equal(read_label_map(saved(tmp_path, flags, name="d.png"), PARTS), [[1, 0]])


def in_order(tmp_path, order, **options):
    """MAP as a palette PNG whose entries are these ids, as image programs sort them."""
    places = np.zeros(256, np.uint8)
    places[list(order)] = np.arange(len(order))
    return saved(tmp_path, places[MAP], palette=PARTS.palette[list(order)].tobytes(), **options)


@pytest.mark.parametrize("order", [(3, 0, 2, 1, 255), (255, 3, 2, 1, 0), (0, 1, 2, 255, 3)])
def test_a_palette_that_was_sorted_is_read_by_its_colours(tmp_path, order):
    told = []
    path = in_order(tmp_path, order)
    assert np.array_equal(read_label_map(path, PARTS, tell=told.append), MAP)
    assert told == [
        f"{path}: was read by its colours, since its palette has the parts' colours in another order than "
        "that of their ids (an image program sorted it)"
    ]


def test_a_palette_that_lost_only_what_is_not_used_is_read_by_its_numbers(tmp_path):
    told = []
    tiny = drawn("012 210")
    path = saved(tmp_path, tiny, palette=PARTS.palette[:3].tobytes())
    assert np.array_equal(read_label_map(path, PARTS, tell=told.append), tiny)
    assert not told


def test_transparent_entries_of_a_sorted_palette_are_unlabelled(tmp_path):
    palette = [200, 0, 0, 9, 9, 9, 0, 0, 0]
    path = saved(tmp_path, drawn("01 20"), palette=palette, transparency=1)
    assert np.array_equal(read_label_map(path, PARTS), drawn("1. 01"))
    agreeing = saved(tmp_path, drawn("01"), palette=[0, 0, 0, 9, 9, 9], transparency=1, name="b.png")
    assert np.array_equal(read_label_map(agreeing, PARTS), drawn("0."))


def test_a_transparent_background_in_its_own_colour_is_background(tmp_path):
    path = saved(tmp_path, drawn("01"), palette=PARTS.palette[:2].tobytes(), transparency=0)
    assert np.array_equal(read_label_map(path, PARTS), drawn("01"))


def test_numbers_and_colours_that_contradict_each_other_are_refused(tmp_path):
    path = saved(tmp_path, drawn("012 222"), palette=[0, 0, 200, 0, 0, 0, 190, 5, 5])
    assert refusal(lambda: read_label_map(path, PARTS)) == (
        f"{path}: is a palette PNG whose numbers and colours contradict each other: "
        "number 0 (background) has the colour of nose (1 pixel), "
        "number 1 (left) has the colour of background (1 pixel), "
        "number 2 has the colour #be0505 of no part; "
        "expected part ids as numbers, or in all pixels exactly the colours of the parts. "
        "Save it as RGB PNG in the parts' colours, without smoothed edges; or, if its numbers are right, "
        "as grey PNG of part ids."
    )
    twice = saved(tmp_path, drawn("012"), palette=[0, 0, 200, 0, 200, 0, 0, 200, 0])
    assert "number 1 (left) has the colour of right (1 pixel)" in refusal(
        lambda: read_label_map(twice, PARTS)
    )


def test_colours_that_are_nearly_those_of_other_parts_are_refused(tmp_path):
    path = saved(tmp_path, drawn("01"), palette=[198, 3, 0, 2, 2, 0])
    assert "number 0 (background) has the colour of left (1 pixel), number 1 (left) has" in refusal(
        lambda: read_label_map(path, PARTS)
    )
    agreeing = saved(tmp_path, drawn("01"), palette=[2, 2, 0, 198, 3, 0], name="b.png")
    assert np.array_equal(read_label_map(agreeing, PARTS), drawn("01"))


def test_a_grey_map_in_the_grey_colours_of_parts(tmp_path):
    black_and_white = PartSet((Part("background", (0, 0, 0)), Part("thing", (255, 255, 255))))
    told = []
    path = saved(tmp_path, np.uint8([[0, 255, 127]]))
    assert np.array_equal(read_label_map(path, black_and_white, tell=told.append), drawn("01."))
    assert told == [f"{path}: was read by its greys, since all of them are colours of parts"]
    for ids in ("01.", "000"):
        assert np.array_equal(read_label_map(saved(tmp_path, drawn(ids)), black_and_white), drawn(ids))


def test_black_that_nobody_set_says_nothing(tmp_path):
    path = saved(tmp_path, drawn("012"), palette=[9, 9, 9, 0, 0, 0, 0, 0, 0])
    assert np.array_equal(read_label_map(path, PARTS), drawn("012"))


def test_sixteen_bit_ids_beyond_a_byte_do_not_wrap_round(tmp_path):
    path = saved(tmp_path, np.array([[0, 257]], np.uint16))
    assert "unknown part ids: 257 (1 pixel)" in refusal(lambda: read_label_map(path, PARTS))


def test_colours_of_the_parts_become_ids(tmp_path):
    path = saved(tmp_path, PARTS.palette[MAP])
    assert np.array_equal(read_label_map(path, PARTS), MAP)


def test_transparent_pixels_of_an_rgb_map_are_unlabelled(tmp_path):
    pixels = np.dstack([PARTS.palette[MAP], np.full(MAP.shape, 255, np.uint8)])
    pixels[0, 0] = (1, 2, 3, 0)
    found = read_label_map(saved(tmp_path, pixels), PARTS)
    assert found[0, 0] == UNLABELLED
    assert np.array_equal(found.ravel()[1:], MAP.ravel()[1:])


def test_other_colours_are_listed_with_their_pixels(tmp_path):
    pixels = PARTS.palette[MAP].copy()
    pixels[0, :3], pixels[2, 3] = (255, 128, 0), (1, 2, 3)
    path = saved(tmp_path, pixels)
    assert refusal(lambda: read_label_map(path, PARTS)) == (
        f"{path}: is an RGB picture with colours of no part: #ff8000 (3 pixels), #010203 (1 pixel); "
        "expected the exact colours of the parts, "
        "background #000000, left #c80000, right #00c800, nose #0000c8. "
        "Save the label map as a palette PNG of part ids, or paint without smoothed edges."
    )


def test_long_lists_of_colours_are_cut_short(tmp_path):
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    assert "and 12 more" in refusal(lambda: read_label_map(saved(tmp_path, pixels), PARTS))


def test_half_transparent_pixels_are_refused(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0, 3] = 128
    assert "has 1 pixel that are half transparent" in refusal(
        lambda: read_label_map(saved(tmp_path, pixels), PARTS)
    )


def test_grey_with_alpha_is_refused(tmp_path):
    path = saved(tmp_path, np.zeros((2, 2, 2), np.uint8))
    assert "is a PNG of the kind LA" in refusal(lambda: read_label_map(path, PARTS))


def test_another_size_than_the_picture_is_refused(tmp_path):
    path = saved(tmp_path, MAP)
    assert refusal(lambda: read_label_map(path, PARTS, size=(4, 3))) == (
        f"{path}: the label map is 4 x 3 px; expected 3 x 4 px, the size of its picture. "
        "Label the picture at its own size, or resize the label map without smoothing."
    )


def test_unknown_ids_are_listed_with_their_pixels(tmp_path):
    path = saved(tmp_path, np.array([[0, 4, 4], [9, 255, 1]], np.uint8))
    assert refusal(lambda: read_label_map(path, PARTS)) == (
        f"{path}: the label map has unknown part ids: 4 (2 pixels), 9 (1 pixel); "
        "expected 0 background, 1 left, 2 right, 3 nose, or 255 unlabelled. "
        "Paint these pixels as a known part, or add the missing parts to the part set."
    )


def test_an_empty_map_is_refused_unless_allowed(tmp_path):
    path = saved(tmp_path, np.full((2, 2), 255, np.uint8))
    assert "the label map is empty: every pixel is unlabelled" in refusal(lambda: read_label_map(path, PARTS))
    assert (read_label_map(path, PARTS, empty_ok=True) == 255).all()


def test_required_parts_must_have_pixels(tmp_path):
    path = saved(tmp_path, drawn("01 00"))
    read_label_map(path, PARTS, required=["background", "left"])
    assert "no pixel is labelled right or nose; expected at least one pixel of every part. Paint" in refusal(
        lambda: read_label_map(path, PARTS, required=PARTS.names)
    )


@pytest.mark.parametrize("array", [MAP.astype(np.int64), MAP[None], np.zeros((0, 3), np.uint8)])
def test_arrays_that_are_no_label_maps_are_refused(array):
    text = refusal(lambda: check_label_map(array, PARTS))
    assert text == f"the label map is {array.dtype} {list(array.shape)}; expected uint8 [h, w]."


def test_maps_with_unknown_ids_are_not_written(tmp_path):
    assert "unknown part ids: 4" in refusal(lambda: write_label_map(tmp_path / "a.png", MAP + 4, PARTS))
    assert not list(tmp_path.iterdir())


def test_missing_files_and_folders_are_named(tmp_path):
    assert f"{tmp_path / 'no.png'}: no such file; expected a label map as PNG" in refusal(
        lambda: read_label_map(tmp_path / "no.png", PARTS)
    )
    assert "cannot be read (" in refusal(lambda: read_label_map(tmp_path, PARTS))


def test_other_formats_are_refused_even_if_they_are_called_png(tmp_path):
    path = saved(tmp_path, MAP, format="JPEG")
    text = refusal(lambda: read_label_map(path, PARTS))
    assert "no PNG file" in text
    assert "Save the label map as PNG" in text


def test_damaged_files_are_refused(tmp_path):
    path = saved(tmp_path, np.tile(MAP, (30, 30)))
    data = path.read_bytes()
    for damaged in (data[:20], data[:-30], data[:-12], data[:60] + bytes([data[60] ^ 4]) + data[61:]):
        path.write_bytes(damaged)
        assert f"{path}: cannot be used as a label map: " in refusal(lambda: read_label_map(path, PARTS))


def test_bombs_are_refused_by_their_header():
    header = struct.pack(">II5B", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(ValueError, match="100000 x 100000 px, more than 200000000 pixels"):
        decode_png(data)


def test_maps_larger_than_the_warning_of_pillow_are_read():
    buffer = io.BytesIO()
    Image.new("P", (10_000, 9_000)).save(buffer, format="PNG")
    assert decode_png(buffer.getvalue()).size == (10_000, 9_000)


def test_counts_are_named():
    assert count_part_pixels(MAP, PARTS) == {
        "background": 3, "left": 3, "right": 3, "nose": 2, "unlabelled": 1,
    }  # fmt: skip


def test_resizing_takes_the_id_under_each_new_centre():
    assert np.array_equal(resize_label_map(MAP, (6, 8)), MAP.repeat(2, axis=0).repeat(2, axis=1))
    assert np.array_equal(resize_label_map(MAP, MAP.shape), MAP)
    assert np.array_equal(resize_label_map(MAP, (1, 4)), MAP[1:2])
    assert resize_label_map(drawn("0123"), (2, 2)).tolist() == [[1, 3], [1, 3]]
    assert resize_label_map(MAP, (5, 7)).dtype == np.uint8


@settings(deadline=None, max_examples=40)
@given(label_maps(), label_maps())
def test_resizing_agrees_with_the_plain_loop(label_map, other):
    height, width = label_map.shape
    found = resize_label_map(label_map, other.shape)
    for i in range(other.shape[0]):
        for j in range(other.shape[1]):
            y, x = (i + 0.5) * height / other.shape[0], (j + 0.5) * width / other.shape[1]
            assert found[i, j] == label_map[int(y + 1e-9), int(x + 1e-9)]


def test_translation_goes_by_names():
    other = PartSet((PARTS.parts[0], PARTS.parts[3], Part("ear", (9, 9, 9)), *PARTS.parts[1:3]))
    found = translate_label_map(MAP, PARTS, other)
    assert np.array_equal(found, np.array([0, 3, 4, 1] + [0] * 251 + [255])[MAP])
    assert np.array_equal(translate_label_map(found, other, PARTS), MAP)


def test_translation_refuses_painted_parts_that_are_gone():
    fewer = PartSet(PARTS.parts[:1] + PARTS.parts[3:])
    assert refusal(lambda: translate_label_map(MAP, PARTS, fewer, "a.png")) == (
        "a.png: has pixels of parts that the part set lacks: left (3 pixels), right (3 pixels); "
        "expected the parts background, nose. "
        "Add these parts to the part set, or paint the pixels as another part."
    )
    assert np.array_equal(translate_label_map(drawn("03."), PARTS, fewer), drawn("01."))


def side_chunk(kind, data, checksum=None):
    checksum = zlib.crc32(kind + data) if checksum is None else checksum
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


@pytest.mark.parametrize(
    "chunk",
    [
        side_chunk(b"iCCP", b"x", 7),
        side_chunk(b"tEXt", b"Comment\0x", 7),
        side_chunk(b"gAMA", b"\0\0\0\1", 7),
        side_chunk(b"zTXt", b"Workflow\0\0" + zlib.compress(bytes(2**21))),
        side_chunk(b"iCCP", b"ICC\0\0" + zlib.compress(bytes(3 * 2**20))),
    ],
    ids=["iCCP", "tEXt", "gAMA", "text of 2 MiB", "profile of 3 MiB"],
)
def test_what_stands_beside_the_pixels_does_not_matter(tmp_path, chunk):
    label_map = np.array([[0, 1], [255, 3]], np.uint8)
    data = label_map_to_png(label_map, PARTS)
    # After the signature and the head.
    (tmp_path / "a.png").write_bytes(data[:33] + chunk + data[33:])
    assert np.array_equal(read_label_map(tmp_path / "a.png", PARTS), label_map)


def test_damaged_pixels_do(tmp_path):
    data = bytearray(label_map_to_png(np.array([[0, 1], [255, 3]], np.uint8), PARTS))
    data[data.index(b"IDAT") + 6] ^= 1
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(BadLabel, match="cannot be used as a label map: damaged"):
        read_label_map(tmp_path / "a.png", PARTS)

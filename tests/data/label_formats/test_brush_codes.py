from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partly.data.label_formats.brush_codes import brush_code, brush_pixels


def decoded(code):
    """All values, read bit by bit as the format is described."""
    digits = "".join(f"{byte:08b}" for byte in code)
    place = 0

    def number(n_bits):
        nonlocal place
        place += n_bits
        return int(digits[place - n_bits : place], 2)

    n_values, value_bits = number(32), number(5) + 1
    count_bits = [number(4) + 1 for _ in range(4)]
    values = []
    while len(values) < n_values:
        repeats = number(1)
        n = number(count_bits[number(2)]) + 1
        values += [number(value_bits)] * n if repeats else [number(value_bits) for _ in range(n)]
    return values


def coded(blocks, count_bits=(3, 4, 8, 16), value_bits=8):
    """The code of blocks: whether it repeats, which size of count, its values."""
    n_values = sum(n for _, _, n, _ in blocks)
    digits = f"{n_values:032b}{value_bits - 1:05b}" + "".join(f"{n - 1:04b}" for n in count_bits)
    for repeats, size, n, values in blocks:
        digits += f"{int(repeats)}{size:02b}{n - 1:0{count_bits[size]}b}"
        digits += "".join(f"{value:0{value_bits}b}" for value in values)
    digits += "0" * (-len(digits) % 8)
    return bytes(int(digits[i : i + 8], 2) for i in range(0, len(digits), 8))


@given(pixels=st.lists(st.booleans(), min_size=1, max_size=300))
def test_masks_come_back_and_a_naive_decoder_sees_four_channels(pixels):
    mask = np.array(pixels)
    code = brush_code(mask)
    assert decoded(code) == [255 * pixel for pixel in pixels for _ in range(4)]
    assert np.array_equal(brush_pixels(code, len(pixels)), mask)


def test_runs_longer_than_the_largest_count():
    mask = np.zeros(200_000, bool)
    mask[50_000:150_000] = True
    assert np.array_equal(brush_pixels(brush_code(mask), mask.size), mask)


@given(data=st.data(), n_pixels=st.integers(1, 20), count_bits=st.tuples(*[st.integers(1, 16)] * 4))
def test_any_blocks_are_read_as_the_naive_decoder_does(data, n_pixels, count_bits):
    blocks, left = [], 4 * n_pixels
    while left:
        size = data.draw(st.integers(0, 3))
        n = data.draw(st.integers(1, min(left, 1 << count_bits[size])))
        repeats = data.draw(st.booleans())
        values = data.draw(
            st.lists(st.integers(0, 255), min_size=1 if repeats else n, max_size=1 if repeats else n)
        )
        blocks.append((repeats, size, n, values))
        left -= n
    code = coded(blocks, count_bits)
    expected = np.array(decoded(code)[3::4]) >= 128
    assert np.array_equal(brush_pixels(code, n_pixels), expected)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (b"", "end too early"),
        (coded([(True, 0, 4, [255])])[:-1], "end too early"),
        (coded([(True, 0, 8, [255])]), "of 8 values of 8 bits instead of 4"),
        (coded([(True, 0, 4, [7])], value_bits=3), "of 4 values of 3 bits"),
    ],
)
def test_damaged_codes(code, words):
    with pytest.raises(ValueError, match=words):
        brush_pixels(code, 1)


def test_a_block_that_leaves_the_picture():
    longer = bytearray(coded([(True, 0, 8, [255])]))
    longer[:4] = (4).to_bytes(4, "big")
    with pytest.raises(ValueError, match="longer than the picture"):
        brush_pixels(bytes(longer), 1)

"""Label Studio's run lengths of brush strokes: the values of an RGBA picture as a stream of bits.

The stream has the number of values (32 bits), the bits of a value less one (5 bits) and four sizes of counts
less one (4 bits each), then blocks. A block has a bit that says whether it repeats one value, two bits that
choose a size, a count less one of that size, and one value, or as many values as it counts. All numbers begin
with their highest bit. Alpha says where the stroke is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from partly.data.label_formats.run_lengths import Mask, run_lengths

_CHANNELS, _ALPHA = 4, 3
_VALUE_BITS = 8
_COUNT_BITS = (3, 4, 8, 16)
_HALF = 128


def brush_pixels(code: bytes, n_pixels: int) -> Mask:
    """Which pixels a stroke covers by half or more, bool [n_pixels].

    Raises:
        ValueError: the code is damaged, or of another number of pixels.
    """
    bits = _Bits(code)
    n_values, value_bits = bits.number(32), bits.number(5) + 1
    count_bits = [bits.number(4) + 1 for _ in range(4)]
    if n_values != n_pixels * _CHANNELS or value_bits != _VALUE_BITS:
        raise ValueError(
            f"brush run lengths of {n_values} values of {value_bits} bits instead of {n_pixels * _CHANNELS}, "
            f"4 a pixel, of {_VALUE_BITS} bits"
        )
    alpha = np.zeros(n_pixels, np.uint8)
    start = 0
    while start < n_values:
        repeats, size = bits.number(1), bits.number(2)
        n = bits.number(count_bits[size]) + 1
        if start + n > n_values:
            raise ValueError("brush run lengths that are longer than the picture")
        # Value 4 p + 3 is the alpha of pixel p.
        pixels = slice(start // _CHANNELS, (start + n) // _CHANNELS)
        if repeats:
            alpha[pixels] = bits.number(_VALUE_BITS)
        else:
            alpha[pixels] = bits.bytes(n)[(_ALPHA - start) % _CHANNELS :: _CHANNELS]
        start += n
    return alpha >= _HALF


def brush_code(pixels: Mask) -> bytes:
    """The code of a mask, bool [n]; the reverse of :func:`brush_pixels`."""
    parts = [f"{pixels.size * _CHANNELS:032b}{_VALUE_BITS - 1:05b}"]
    parts += [f"{n - 1:04b}" for n in _COUNT_BITS]
    for i, length in enumerate(run_lengths(pixels)):
        value = f"{255 * (i % 2):08b}"
        left = length * _CHANNELS
        while left:
            n = min(left, 1 << _COUNT_BITS[-1])
            size = next(i for i, bits in enumerate(_COUNT_BITS) if n <= 1 << bits)
            parts.append(f"1{size:02b}{n - 1:0{_COUNT_BITS[size]}b}{value}")
            left -= n
    digits = np.frombuffer("".join(parts).encode("ascii"), np.uint8) - ord("0")
    return np.packbits(digits).tobytes()


class _Bits:
    """A stream of bits, read from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = np.frombuffer(data, np.uint8)
        self._padded = data + bytes(8)
        self._n_bits = 8 * len(data)
        self._place = 0

    def number(self, n_bits: int) -> int:
        """The next bits, at most 32, as a number."""
        first, skipped = divmod(self._taken(n_bits), 8)
        window = int.from_bytes(self._padded[first : first + 5], "big")
        return (window >> (40 - skipped - n_bits)) & ((1 << n_bits) - 1)

    def bytes(self, n: int) -> npt.NDArray[np.uint8]:
        """The next ``n`` bytes, which may begin within one."""
        first, skipped = divmod(self._taken(8 * n), 8)
        if not skipped:
            return self._data[first : first + n]
        wide = self._data[first : first + n + 1].astype(np.uint16)
        shifted: npt.NDArray[np.uint8] = ((wide[:-1] << skipped) | (wide[1:] >> (8 - skipped))).astype(
            np.uint8
        )
        return shifted

    def _taken(self, n_bits: int) -> int:
        place = self._place
        self._place += n_bits
        if self._place > self._n_bits:
            raise ValueError("brush run lengths that end too early")
        return place

"""Deep samples of a TIFF to 8-bit RGB: what their numbers mean, and which colour that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from partly.data.photos.colour_modes import Pixels, rgb_pixels

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
N_COLOURS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4}
"""How many samples of a pixel are its colour, of the photometric interpretations that are read."""

_PREMULTIPLIED = 1
_ALPHAS = (_PREMULTIPLIED, 2, 999)  # CorelDraw writes 999
_ROWS = 512
_FULL_16_BIT = 65535.0


@dataclass(frozen=True)
class SampleMeaning:
    """What the samples of a TIFF's page mean.

    Attributes:
        photometric: the tag's number, one of ``N_COLOURS``.
        bits: of one sample.
        extras: what the samples behind the colour are (the tag ExtraSamples).
        palette: uint16 ``[n, 3]``, of palette photos.
    """

    photometric: int
    bits: int
    extras: tuple[int, ...] = ()
    palette: NDArray[np.uint16] | None = None

    @property
    def n_colours(self) -> int:
        """How many samples are colour."""
        return N_COLOURS[self.photometric]


def rgb_of_samples(samples: NDArray[Any], meaning: SampleMeaning) -> Pixels:
    """Samples ``[h, w, n]`` as pixels: uint8 ``[h, w, 3]``, transparent ones on white.

    Values map as :func:`partly.data.photos.rgb_pixels` says, those of n bits from their full range; of deep
    colour the upper byte is kept, as Pillow does. One scale holds for all colours of a photo. Where the tag
    says that 0 is white, greys are turned round.
    """
    low, high = _range(samples, meaning)
    pixels = np.empty((*samples.shape[:2], 3), np.uint8)
    for rows in _strips(len(samples)):
        strip = samples[rows]
        colours = _colours(strip, meaning, low, high)
        alpha = _alpha(strip, meaning)
        if alpha is not None:
            shown = colours if meaning.extras[:1] == (_PREMULTIPLIED,) else colours * alpha
            colours = np.rint(shown + 255.0 * (1 - alpha)).clip(0, 255)
        pixels[rows] = colours
    return pixels


def _colours(strip: NDArray[Any], meaning: SampleMeaning, low: float, high: float) -> NDArray[Any]:
    """0…255 ``[h, w, 3]``, or ``[h, w, 1]`` of greys."""
    values = strip[..., : meaning.n_colours]
    if meaning.palette is not None:
        indexes = values[..., 0].astype(np.int64).clip(0, len(meaning.palette) - 1)
        return meaning.palette[indexes] >> 8
    if meaning.n_colours > 1 and values.dtype == np.uint16 and high == _FULL_16_BIT:
        scaled = (values >> 8).astype(np.uint8)
    else:
        numbers = np.nan_to_num(values.astype(np.float64), nan=low, posinf=low, neginf=low)
        scale = 255.0 / (high - low) if high > low else 0.0
        scaled = np.rint((numbers - low) * scale).clip(0, 255).astype(np.uint8)
    if meaning.photometric == CMYK:
        return rgb_pixels(Image.fromarray(np.ascontiguousarray(scaled), "CMYK"))
    return 255 - scaled if meaning.photometric == WHITE_IS_ZERO else scaled


def _alpha(strip: NDArray[Any], meaning: SampleMeaning) -> NDArray[np.float64] | None:
    """Opacity 0…1 ``[h, w, 1]``; None where all is opaque."""
    place = meaning.n_colours
    if strip.shape[2] <= place:
        return None
    # Four samples of RGB without a word of the fourth: programs mean transparency, and Pillow takes it so.
    unnamed = not meaning.extras and meaning.photometric == RGB
    if not unnamed and meaning.extras[:1] not in [(alpha,) for alpha in _ALPHAS]:
        return None
    full = 1.0 if strip.dtype.kind == "f" else float(_largest(strip.dtype, meaning.bits))
    values = np.nan_to_num(strip[..., place : place + 1].astype(np.float64))
    return (values / full).clip(0, 1)


def _range(samples: NDArray[Any], meaning: SampleMeaning) -> tuple[float, float]:
    """The values that become 0 and 255."""
    if samples.dtype.kind == "u" and meaning.bits <= 16:
        return 0.0, float(_largest(samples.dtype, meaning.bits))
    low, high = np.inf, -np.inf
    for rows in _strips(len(samples)):
        values = samples[rows][..., : meaning.n_colours]
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    for white in _whites(samples.dtype, meaning.bits):
        if low >= 0 and high <= white:
            return 0.0, white
    return (low, high) if low <= high else (0.0, 1.0)


def _whites(dtype: np.dtype[Any], bits: int) -> tuple[float, ...]:
    if dtype.kind == "f":
        return (1.0, 255.0)
    return (float(_largest(dtype, bits)),) if bits < 16 else (_FULL_16_BIT,)


def _largest(dtype: np.dtype[Any], bits: int) -> int:
    return (1 << (bits - (dtype.kind == "i"))) - 1


def _strips(n_rows: int) -> Iterator[slice]:
    for top in range(0, n_rows, _ROWS):
        yield slice(top, min(top + _ROWS, n_rows))

"""What is behind the objects of composed scenes, without an object in it."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from partly.training.augment.segmentation import backdrops

_MOST_TILES = 8
_FOREGROUND = 0.3  # probability above which a pixel is taken out of a picture


def backgrounds(
    images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator, others: Tensor | None = None
) -> Tensor:
    """Backgrounds ``[b, 3, size_px, size_px]`` in [-1, 1], each of a kind that is drawn.

    The kinds: enlarged cuttings of other pictures; a plain colour; a slope from one colour to another; spots
    of several sizes; leaves of all sizes that lie on each other, on half of them one side the mirror image of
    the other, as of many things; a picture whose tiles are shuffled, which has all colours and edges of the
    object and no object; a picture whose object is filled in from around it; and photos without an object.

    Args:
        images: of the batch, ``[b, 3, s, s]``.
        foreground: probability that a pixel is of the object, ``[b, 1, s, s]``.
        size_px: side of the result.
        generator: of random numbers.
        others: photos without an object, ``[n, 3, t, t]``; half of the backgrounds are such. None: there are
            none.
    """
    kinds = [_cuttings, _plain, _slope, _spots, _leaves, _leaves, _leaves, _shuffled, _shuffled, _filled]
    found = []
    for i in range(len(images)):
        if others is not None and _draw(generator) < 0.5:
            found.append(_photo(others, size_px, generator))
            continue
        kind = kinds[_integer(len(kinds), generator)]
        found.append(kind(images.roll(-i, 0), foreground.roll(-i, 0), size_px, generator))
    return torch.stack(found).clamp(-1, 1)


def _cuttings(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    return _at_size(backdrops(images, generator)[0], size_px)


def _plain(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    return _colour(generator).view(3, 1, 1).expand(3, size_px, size_px)


def _slope(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    ramp = torch.linspace(-1, 1, size_px)
    angle = 2 * math.pi * _draw(generator)
    along = (ramp[None] * math.cos(angle) + ramp[:, None] * math.sin(angle)).clamp(-1, 1)[None] / 2 + 0.5
    first, second = (_colour(generator).view(3, 1, 1) for _ in range(2))
    return first + along * (second - first)


def _spots(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    total = torch.zeros(3, size_px, size_px)
    n_channels = 1 if _draw(generator) < 0.5 else 3
    for cells in (2, 4, 8, 16, 32, 64):
        spots = torch.randn(1, n_channels, cells, cells, generator=generator)
        strength = _draw(generator) ** 2
        total += strength * F.interpolate(spots, (size_px, size_px), mode="bilinear")[0]
    return _colour(generator).view(3, 1, 1) + 0.5 * total


def _leaves(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    """Ellipses, boxes and triangles, the larger the fewer ("dead leaves", Lee, Mumford and Huang 2001).

    Colours are those of the pictures or any.
    """
    side = 2 * size_px  # drawn twice as large, for smooth edges
    pixels = ((images[0].flatten(1) + 1) * 127.5).byte()
    random = np.random.default_rng(_integer(2**31, generator))
    canvas = Image.new("RGB", (side, side), tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(canvas)
    own_colours = bool(random.integers(2))
    n = int(random.integers(8, 90))
    sizes = np.sort((random.random(n) * (0.02**-1.2 - 0.6**-1.2) + 0.6**-1.2) ** (-1 / 1.2))[::-1] * side
    for size in sizes:
        x, y, turn, narrow = random.random(4)
        colour = (
            tuple(pixels[:, int(random.integers(pixels.shape[1]))].tolist())
            if own_colours
            else tuple(random.integers(0, 256, 3).tolist())
        )
        kind = random.integers(3)
        half = np.array([size, size * (0.3 + 0.7 * narrow)]) / 2
        centre = np.array([x, y]) * side
        if kind == 0:
            draw.ellipse([*(centre - half), *(centre + half)], fill=colour)
            continue
        angles = 2 * np.pi * (turn + np.arange(4 if kind == 1 else 3) / (4 if kind == 1 else 3))
        corners = centre + half * np.stack([np.cos(angles), np.sin(angles)], -1)
        draw.polygon([tuple(corner) for corner in corners.tolist()], fill=colour)
    drawn = np.asarray(canvas.resize((size_px, size_px), Image.Resampling.BOX))
    if random.integers(2):
        left = drawn[:, : -(-size_px // 2)]
        drawn = np.concatenate([left, left[:, ::-1][:, size_px % 2 :]], axis=1)
    leaves = torch.from_numpy(drawn.copy()).permute(2, 0, 1).float() / 127.5 - 1
    shade = F.interpolate(torch.randn(1, 1, 6, 6, generator=generator), (size_px, size_px), mode="bicubic")[0]
    return leaves * (1 - 0.4 * _draw(generator)) + 0.3 * _draw(generator) * shade


def _shuffled(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    """Tiles of a picture, at most a quarter of its side each, at other places, turned by quarters."""
    n = 4 + _integer(_MOST_TILES - 3, generator)
    tile_px = images.shape[-1] // n
    picture = images[0, :, : n * tile_px, : n * tile_px]
    tiles = picture.unfold(1, tile_px, tile_px).unfold(2, tile_px, tile_px).flatten(1, 2)
    tiles = tiles[:, torch.randperm(n * n, generator=generator)]
    tiles = torch.stack([tiles[:, i].rot90(_integer(4, generator), (1, 2)) for i in range(n * n)], 1)
    rows = tiles.view(3, n, n, tile_px, tile_px).permute(0, 1, 3, 2, 4).reshape(3, n * tile_px, n * tile_px)
    return _at_size(rows, size_px)


def _filled(images: Tensor, foreground: Tensor, size_px: int, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    """A picture of which only the background is left; where the object was, means of what is around it."""
    keep = (foreground[:1] < _FOREGROUND).float()
    filled, known = images[:1] * keep, keep
    picture, weight = filled, keep
    while picture.shape[-1] > 1 and not bool((known > 0).all()):
        # Both by themselves, and divided last: what is unknown must not darken what is known.
        picture, weight = (F.avg_pool2d(one, 2, ceil_mode=True) for one in (picture, weight))
        wide = F.interpolate(torch.cat([picture, weight], 1), filled.shape[-2:], mode="bilinear")
        filled = torch.where(known > 0, filled, wide[:, :3] / wide[:, 3:].clamp_min(1e-4))
        known = torch.maximum(known, (wide[:, 3:] > 1e-3).float())
    return _at_size(filled[0], size_px)


def _photo(photos: Tensor, size_px: int, generator: torch.Generator) -> Tensor:
    photo = photos[_integer(len(photos), generator)]
    side = photo.shape[-1]
    cut = max(8, round(side * (0.4 + 0.6 * _draw(generator))))
    top, left = (_integer(side - cut + 1, generator) for _ in range(2))
    return _at_size(photo[:, top : top + cut, left : left + cut], size_px)


def _at_size(picture: Tensor, size_px: int) -> Tensor:
    return F.interpolate(picture[None], (size_px, size_px), mode="bilinear", antialias=True)[0]


def _colour(generator: torch.Generator) -> Tensor:
    return torch.rand(3, generator=generator) * 2 - 1


def _draw(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _integer(below: int, generator: torch.Generator) -> int:
    return int(torch.randint(below, (), generator=generator))

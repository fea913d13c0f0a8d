"""Scenes composed of labelled pictures: several objects of any size and angle, partly hidden, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from partly.training.finding.scene_backgrounds import backgrounds


@dataclass(frozen=True)
class SceneOptions:
    """How scenes are composed.

    Attributes:
        size_px: their side.
        smallest: side of the smallest objects, as a share of the scene's.
        largest: side of the largest, likewise.
        empty: share of the scenes without an object.
        filling: share of those that one object fills, with its own background: photos of it alone.
        single: share of those with one object anywhere.
        most: objects in the others, at most.
        upright: share of the objects that stand nearly upright; the others stand at any angle.
        leaning_deg: standard deviation of the angle of those.
        whole: share of the objects that are shown with their own background, as a photo in a photo.
        hidden: share of the scenes in which something lies over the objects.
        least_visible: share of an object that must be seen, or it is none to be found.
    """

    size_px: int = 192
    smallest: float = 0.1
    largest: float = 1.15
    empty: float = 0.2
    filling: float = 0.25
    single: float = 0.25
    most: int = 12
    upright: float = 0.4
    leaning_deg: float = 15.0
    whole: float = 0.4
    hidden: float = 0.3
    least_visible: float = 0.4


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes:
        image: ``[3, s, s]`` in [-1, 1].
        shares: probability of each part, ``[k, s, s]``; the background is part 0.
        objects: those to be found, ``[n, 4]``: x and y of the centre, side, all in pixels; angle in radians,
            counter-clockwise.
        hardly: those of which too little is seen, likewise ``[m, 4]``: whether they are found does not count.
    """

    image: Tensor
    shares: Tensor
    objects: Tensor
    hardly: Tensor


def compose_scenes(
    images: Tensor,
    shares: Tensor,
    options: SceneOptions,
    generator: torch.Generator,
    others: Tensor | None = None,
) -> list[Scene]:
    """One scene for each picture of a batch, of objects of all pictures.

    Args:
        images: labelled pictures ``[b, 3, s, s]`` in [-1, 1].
        shares: probability of each part, ``[b, k, s, s]``.
        options: how.
        generator: of random numbers.
        others: photos without an object, ``[n, 3, t, t]`` in [-1, 1], to put them before.
    """
    behind = backgrounds(images, 1 - shares[:, :1], options.size_px, generator, others)
    layers = torch.cat([images, shares], dim=1)
    halved = [layers]
    while halved[-1].shape[-1] >= 32:
        halved.append(F.avg_pool2d(halved[-1], 2))
    return [_composed(behind[i], halved, options, generator) for i in range(len(images))]


def _composed(
    behind: Tensor, halved: list[Tensor], options: SceneOptions, generator: torch.Generator
) -> Scene:
    n_all, n_parts = len(halved[0]), halved[0].shape[1] - 3
    size_px = options.size_px
    canvas = torch.zeros(3 + n_parts, size_px, size_px)
    canvas[:3], canvas[3] = behind, 1.0
    owners = torch.full((size_px, size_px), -1)
    fills = float(torch.rand((), generator=generator)) < options.filling
    placed = _filling(options, generator) if fills else _places(options, generator)
    areas: list[float] = []
    for number, place in enumerate(placed):
        which = int(torch.randint(n_all, (), generator=generator))
        layer, inside = _seen_as(halved, which, place, size_px)
        visible = inside * (1 - layer[3:4])
        is_whole = fills or float(torch.rand((), generator=generator)) < options.whole
        opacity = inside if is_whole else _soft(visible)
        canvas[:3] += opacity * (layer[:3] - canvas[:3])
        canvas[3:] += opacity * (layer[3:] - canvas[3:])
        owners = torch.where(opacity[0] > 0.5, -1, owners)
        owners = torch.where(visible[0] > 0.5, number, owners)
        areas.append(float((1 - halved[-1][which, 3]).mean() * place[2] ** 2))
    if placed.numel() and float(torch.rand((), generator=generator)) < options.hidden:
        _hide(canvas, owners, behind.roll(size_px // 2, -1), generator)
    seen = torch.tensor([float((owners == i).sum()) / max(area, 1.0) for i, area in enumerate(areas)])
    within = (placed[:, :2] > 0).all(1) & (placed[:, :2] < size_px).all(1)
    counts = (seen >= options.least_visible) & within
    return Scene(canvas[:3], canvas[3:], placed[counts], placed[~counts & within & (seen > 0.05)])


def _n_objects(options: SceneOptions, generator: torch.Generator) -> int:
    kind = float(torch.rand((), generator=generator)) * (1 - options.filling)
    if kind < options.empty:
        return 0
    if kind < options.empty + options.single:
        return 1
    return 2 + int(torch.randint(max(1, options.most - 1), (), generator=generator))


def _filling(options: SceneOptions, generator: torch.Generator) -> Tensor:
    """One object that fills the scene, ``[1, 4]``."""
    size, x, y, kind, turn = torch.rand(5, generator=generator).tolist()
    leaning = math.radians(options.leaning_deg) * float(torch.randn((), generator=generator))
    angle = leaning if kind < options.upright else (2 * turn - 1) * math.pi
    side = options.size_px * (0.85 + 0.45 * size)
    centre = [options.size_px * (0.5 + 0.15 * (2 * value - 1)) for value in (x, y)]
    return torch.tensor([[*centre, side, angle]])


def _places(options: SceneOptions, generator: torch.Generator) -> Tensor:
    """Where objects stand, ``[n, 4]``; of several, none covers the middle of another."""
    n = _n_objects(options, generator)
    largest = options.largest if n < 2 else max(2 * options.smallest, 1.1 / math.sqrt(n))
    places: list[list[float]] = []
    for _ in range(n):
        for _ in range(20):
            low, high, fraction, x, y, kind, turn = torch.rand(7, generator=generator).tolist()
            side = options.smallest * (largest / options.smallest) ** fraction * options.size_px
            # A large object is about in the middle, a small one anywhere, a little of it outside.
            room = abs(options.size_px - side) / 2 + 0.15 * side
            centre = [options.size_px / 2 + (2 * value - 1) * room for value in (x, y)]
            lean = math.radians(options.leaning_deg) * math.sqrt(-2 * math.log(max(low, 1e-6)))
            leaning = lean * math.cos(2 * math.pi * high)
            angle = leaning if kind < options.upright else (2 * turn - 1) * math.pi
            if all(math.dist(centre, other[:2]) > 0.42 * (side + other[2]) for other in places):
                places.append([*centre, side, angle])
                break
    return torch.tensor(places).view(-1, 4)


def _seen_as(halved: list[Tensor], which: int, place: Tensor, size_px: int) -> tuple[Tensor, Tensor]:
    """The layers of a picture as they stand in the scene ``[c, s, s]``, and where they are, ``[1, s, s]``."""
    x, y, side, angle = place.tolist()
    level = min(len(halved) - 1, max(0, round(math.log2(halved[0].shape[-1] / side))))
    at = torch.arange(size_px) + 0.5
    right, down = at[None] - x, at[:, None] - y
    cosine, sine = math.cos(angle) / (side / 2), math.sin(angle) / (side / 2)
    grid = torch.stack([cosine * right - sine * down, sine * right + cosine * down], dim=-1)
    inside = (grid.abs().amax(-1) <= 1).float()[None]
    source = halved[level][which : which + 1]
    seen = F.grid_sample(source, grid[None], padding_mode="border", align_corners=False)[0]
    return seen, inside


def _soft(visible: Tensor) -> Tensor:
    """How opaque an object without its background is, with a soft edge, ``[1, s, s]``."""
    return F.avg_pool2d(((visible - 0.25) / 0.5).clamp(0, 1)[None], 3, 1, 1, count_include_pad=False)[0]


def _hide(canvas: Tensor, owners: Tensor, cover: Tensor, generator: torch.Generator) -> None:
    """Put one or two rectangles of something else over the scene."""
    size_px = canvas.shape[-1]
    for _ in range(1 + int(torch.randint(2, (), generator=generator))):
        x, y, width, height = torch.rand(4, generator=generator).tolist()
        half = [0.5 * size_px * (0.05 + 0.3 * value) for value in (width, height)]
        columns = slice(max(0, round(x * size_px - half[0])), round(x * size_px + half[0]))
        rows = slice(max(0, round(y * size_px - half[1])), round(y * size_px + half[1]))
        canvas[:3, rows, columns] = cover[:, rows, columns]
        canvas[3:, rows, columns] = 0
        canvas[3, rows, columns] = 1
        owners[rows, columns] = -1

"""Backgrounds: gradients, walls, blurred things, stripes and clouds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from partly.data.portraits.canvas import Canvas, as_plane
from partly.data.portraits.face_geometry import Frame, Plane, frame_of
from partly.data.portraits.palette import Rgb, borrowed_colour, mixed, scaled
from partly.data.portraits.portrait_randomness import Draws

Kind = Literal["gradient", "halo", "wall", "blobs", "stripes", "clouds"]
_KINDS: dict[Kind, float] = {
    "gradient": 3,
    "halo": 2,
    "wall": 1.5,
    "blobs": 2.5,
    "stripes": 1.5,
    "clouds": 1.5,
}


@dataclass(frozen=True)
class Blob:
    """Something out of focus: place and reach in sides of the picture, in the background's own frame."""

    x: float
    y: float
    reach: float
    colour: Rgb


@dataclass(frozen=True)
class Background:
    """What is behind a person.

    Attributes:
        kind: what it shows.
        first: one of its colours.
        second: the other one.
        angle: in which direction it changes, in radians.
        softness: how wide its edges are, in sides of the picture.
        period: of its stripes or clouds, likewise.
        offset: where its edge is, or its stripes begin, likewise.
        blobs: things out of focus in front of it.
    """

    kind: Kind
    first: Rgb
    second: Rgb
    angle: float
    softness: float
    period: float
    offset: float
    blobs: tuple[Blob, ...]


def draw_background(draws: Draws, skin: Rgb, hair: Rgb) -> Background:
    """Of any kind; its colours are often nearly those of skin or hair."""
    kind = draws.one_of(_KINDS)
    first = borrowed_colour(draws, (skin, hair), 0.4)
    second = borrowed_colour(draws, (skin, hair), 0.3)
    if draws.chance(0.4):
        second = scaled(first, draws.between(0.5, 0.85))
    n_blobs = 2 + draws.whole(5) if kind == "blobs" else 0
    blobs = (
        Blob(
            x=draws.between(-0.55, 0.55),
            y=draws.between(-0.55, 0.55),
            reach=draws.between(0.1, 0.3),
            colour=borrowed_colour(draws, (skin, hair, first), 0.5),
        )
        for _ in range(n_blobs)
    )
    return Background(
        kind=kind,
        first=first,
        second=mixed(first, second, draws.between(0.4, 1)),
        angle=draws.between(0, 2 * np.pi),
        softness=draws.between(0.01, 0.08),
        period=draws.between(0.16, 0.45),
        offset=draws.near(0, 0.25),
        blobs=tuple(blobs),
    )


def paint_background(canvas: Canvas, background: Background) -> None:
    """The whole picture."""
    at = frame_of(canvas.side_px, (0.5, 0.5), 1.0, background.angle)
    first, second = as_plane(background.first), as_plane(background.second)
    canvas.fill(first + _share(background, at) * (second - first))
    for blob in background.blobs:
        near = at.around(blob.x, blob.y, blob.reach, blob.reach)
        squared = ((near.x - blob.x) ** 2 + (near.y - blob.y) ** 2) / blob.reach**2
        canvas.paint(near, 0.85 * np.clip(2 - 2 * squared, 0, 1), blob.colour)


def _share(background: Background, at: Frame) -> Plane:
    """How much of the second colour there is, ``[h, w]``, 0 to 1."""
    offset, period = background.offset, background.period
    if background.kind == "halo":
        return np.clip((at.x**2 + (at.y + offset) ** 2) / 0.45, 0, 1)
    if background.kind == "wall":
        return np.clip(0.5 + (at.x - offset) / background.softness, 0, 1)
    if background.kind == "stripes":
        wave = np.sin(2 * np.pi * (at.x - offset) / period)
        return np.clip(0.5 + wave * period / (8 * background.softness), 0, 1)
    if background.kind == "clouds":
        turns = (2 * np.pi) / period
        folds = np.sin(turns * at.x + np.sin(0.6 * turns * at.y + offset))
        return 0.5 + 0.5 * folds * np.cos(0.6 * turns * (at.y + 0.3 * at.x))
    return np.clip(0.5 + at.x, 0, 1)

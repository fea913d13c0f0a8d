"""Clothes: shoulders, necklines, collars and patterns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from partly.data.portraits.canvas import Canvas, Colours, as_plane
from partly.data.portraits.face_geometry import Frame, Plane
from partly.data.portraits.lighting import Light
from partly.data.portraits.neck import Neck
from partly.data.portraits.palette import Rgb, any_colour, borrowed_colour, mixed, scaled
from partly.data.portraits.portrait_randomness import Draws
from partly.data.portraits.pose import Pose

Neckline = Literal["round", "v", "boat", "shirt", "jacket"]
Pattern = Literal["plain", "stripes", "bars", "checks", "dots", "yoke"]
_NECKLINES: dict[Neckline, float] = {"round": 4, "v": 2, "boat": 1.5, "shirt": 2.5, "jacket": 1.5}
_PATTERNS: dict[Pattern, float] = {"plain": 4, "stripes": 1.5, "bars": 1, "checks": 1, "dots": 1, "yoke": 1}


@dataclass(frozen=True)
class Clothes:
    """What is worn; lengths in sides of the picture, from between the eyes.

    Attributes:
        neckline: its kind.
        pattern: its kind.
        colour: of the cloth.
        second: of the pattern, or of what is worn below a jacket.
        collar: of the collar or the hem.
        top: height at which the shoulders leave the neck.
        depth: of the neckline, below that.
        drop: how steep the shoulders are.
        period: of the pattern.
    """

    neckline: Neckline
    pattern: Pattern
    colour: Rgb
    second: Rgb
    collar: Rgb
    top: float
    depth: float
    drop: float
    period: float


def draw_clothes(draws: Draws, chin: float, skin: Rgb, hair: Rgb, background: Rgb) -> Clothes:
    """Pullovers, shirts and jackets; their colours are at times those of skin, hair or background.

    Args:
        draws: the choices.
        chin: its height, from between the eyes.
        skin: its colour.
        hair: its colour.
        background: its colour.
    """
    neckline = draws.one_of(_NECKLINES)
    colour = borrowed_colour(draws, (skin, hair, background), 0.35)
    second = any_colour(draws) if draws.chance(0.5) else scaled(colour, draws.one_of({0.6: 1.0, 1.5: 1.0}))
    return Clothes(
        neckline=neckline,
        pattern=draws.one_of(_PATTERNS),
        colour=colour,
        second=second,
        collar=any_colour(draws, 0.4) if draws.chance(0.4) else scaled(colour, draws.between(0.7, 1.3)),
        top=chin + draws.between(0.050, 0.075),
        depth=draws.between(0.075, 0.13) if neckline == "v" else draws.between(0.02, 0.06),
        drop=draws.between(0.22, 0.42),
        period=draws.between(0.055, 0.095),
    )


def paint_clothes(
    canvas: Canvas, body: Frame, clothes: Clothes, neck: Neck, pose: Pose, light: Light
) -> None:
    """All that is worn; the neck shows in the neckline."""
    at = body.around(0, 0.6, 0.7, 0.32)
    across = at.x - neck.place(pose)
    aside = np.abs(across)
    beyond = np.clip(aside - neck.width, 0, None)
    shoulder = clothes.top + clothes.drop * beyond + 0.9 * beyond * beyond
    cover = at.coverage(np.maximum(shoulder - at.y, _opening(clothes, neck, at, aside)))
    canvas.paint(at, cover, _cloth(clothes, at, across, light), "cloth")
    if clothes.neckline in ("shirt", "jacket"):
        _paint_flaps(canvas, at, clothes, neck, across)
    elif clothes.neckline == "round":
        beyond_hem = at.coverage(_opening(clothes, neck, at, aside, wider=0.022))
        canvas.paint(at, (1 - beyond_hem) * cover, clothes.collar)


def _opening(clothes: Clothes, neck: Neck, at: Frame, aside: Plane, wider: float = 0.0) -> Plane:
    """The neckline as a distance that is positive where the neck shows."""
    top, depth, width = clothes.top, clothes.depth + wider, neck.width + 0.006 + wider
    if clothes.neckline in ("round", "boat"):
        width *= 1.35 if clothes.neckline == "boat" else 1.0
        bowl = (aside / width) ** 2 + (np.clip(at.y - (top - 0.01), 0, None) / (depth + 0.02)) ** 2
        return (1 - bowl) * (0.5 * depth)
    slope = (depth + 0.02) / width
    return (top + depth - at.y - slope * aside) / math.hypot(1, slope)


def _cloth(clothes: Clothes, at: Frame, across: Plane, light: Light) -> Colours:
    """The cloth's colours, with pattern, folds and light, ``[3, h, w]``."""
    first, second = as_plane(clothes.colour), as_plane(clothes.second)
    share = _pattern(clothes, at, across)
    if clothes.neckline == "jacket":
        inner = at.coverage(np.abs(across) - 0.55 * np.clip(clothes.top + 0.26 - at.y, 0, None))
        share = np.maximum(share, inner)
    brightness = 1 + (0.9 * light.strength * light.x) * across
    brightness -= 0.10 * np.clip(np.sin(across * 24 + at.y * 9), 0, None) ** 2
    return (first + share * (second - first)) * brightness


def _pattern(clothes: Clothes, at: Frame, across: Plane) -> Plane:
    """Where the second colour is, ``[h, w]``, 0 to 1."""
    turns = 2 * np.pi / clothes.period
    sharp = 0.5 * at.unit_px / turns
    if clothes.pattern == "plain":
        return np.zeros_like(across)
    if clothes.pattern == "yoke":
        return at.coverage(at.y - (clothes.top + 2 * clothes.period) - 0.2 * np.abs(across))
    if clothes.pattern == "stripes":
        return np.clip(0.5 + sharp * np.sin(turns * (at.y - 0.15 * np.abs(across))), 0, 1)
    bars = np.sin(turns * across)
    if clothes.pattern == "bars":
        return np.clip(0.5 + sharp * bars, 0, 1)
    rows = np.sin(turns * at.y)
    if clothes.pattern == "checks":
        return np.clip(0.5 + sharp * bars, 0, 1) * 0.5 + np.clip(0.5 + sharp * rows, 0, 1) * 0.5
    return np.clip(0.5 + sharp * (bars * rows - 0.45), 0, 1)


def _paint_flaps(canvas: Canvas, at: Frame, clothes: Clothes, neck: Neck, across: Plane) -> None:
    """The two wings of a collar, or lapels."""
    long = 0.20 if clothes.neckline == "jacket" else 0.10
    inner_slope = (clothes.depth + 0.02) / (neck.width + 0.006)
    for side in (-1, 1):
        out = across * side
        down = at.y - (clothes.top - 0.012)
        # A wing lies along the neckline's edge and is cut off below by a line that falls outwards.
        edge = (clothes.depth + 0.012 - down - inner_slope * out) / math.hypot(1, inner_slope)
        outer = (out - (neck.width + 0.03) - 0.15 * down) * 0.95
        lower = (down - long - 0.25 * out) * 0.9
        wing = np.maximum(np.maximum(edge, outer), np.maximum(lower, -out))
        wing = np.maximum(wing, -0.02 - down)
        dark = at.coverage(wing - 0.010)
        canvas.paint(at, 0.55 * dark, mixed(scaled(clothes.colour, 0.35), clothes.collar, 0.1))
        canvas.paint(at, at.coverage(wing), clothes.collar, "cloth")

"""Colours of skin, hair, eyes, lips and clothes: RGB, 0 to 1."""

from __future__ import annotations

import colorsys

from partly.data.portraits.portrait_randomness import Draws

Rgb = tuple[float, float, float]

_SKINS: tuple[Rgb, ...] = (
    (0.96, 0.83, 0.75),
    (0.94, 0.78, 0.67),
    (0.90, 0.71, 0.57),
    (0.85, 0.65, 0.48),
    (0.76, 0.55, 0.39),
    (0.64, 0.44, 0.30),
    (0.52, 0.34, 0.24),
    (0.40, 0.26, 0.19),
)
_HAIRS: dict[Rgb, float] = {
    (0.09, 0.08, 0.09): 3,
    (0.20, 0.13, 0.10): 3,
    (0.34, 0.21, 0.14): 3,
    (0.48, 0.27, 0.15): 2,
    (0.66, 0.33, 0.14): 1.5,
    (0.75, 0.57, 0.33): 2,
    (0.90, 0.79, 0.57): 1.5,
    (0.58, 0.57, 0.58): 1.2,
    (0.88, 0.87, 0.86): 0.8,
    (0.72, 0.30, 0.42): 0.4,
    (0.27, 0.42, 0.62): 0.4,
    (0.40, 0.30, 0.56): 0.4,
}
_IRISES: dict[Rgb, float] = {
    (0.24, 0.14, 0.09): 4,
    (0.40, 0.24, 0.12): 3,
    (0.45, 0.38, 0.18): 1.5,
    (0.30, 0.45, 0.28): 1.5,
    (0.25, 0.44, 0.66): 2.5,
    (0.45, 0.53, 0.58): 1.5,
}
BLACK: Rgb = (0.06, 0.04, 0.05)
WHITE: Rgb = (1.0, 1.0, 1.0)
BLUSH: Rgb = (0.86, 0.28, 0.27)


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """``share`` of the second colour in the first."""
    red, green, blue = (a + share * (b - a) for a, b in zip(first, second, strict=True))
    return red, green, blue


def scaled(colour: Rgb, factor: float) -> Rgb:
    """The colour made darker or lighter; white at the most."""
    red, green, blue = (min(1.0, factor * value) for value in colour)
    return red, green, blue


def luma(colour: Rgb) -> float:
    """How light a colour looks, 0 to 1 (ITU-R BT.601)."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def skin_colour(draws: Draws) -> Rgb:
    """Any skin, from pale to dark."""
    place = draws.between(0, len(_SKINS) - 1.001)
    skin = mixed(_SKINS[int(place)], _SKINS[int(place) + 1], place % 1)
    return _varied(draws, skin, 0.02)


def hair_colour(draws: Draws) -> Rgb:
    """Mostly natural hair; grey, white and dyed at times."""
    return _varied(draws, draws.one_of(_HAIRS), 0.04)


def iris_colour(draws: Draws) -> Rgb:
    """Brown, green, blue or grey."""
    return _varied(draws, draws.one_of(_IRISES), 0.04)


def lip_colour(draws: Draws, skin: Rgb) -> Rgb:
    """Skin with more or less red in it, darker than the skin."""
    red = draws.one_of({(0.72, 0.22, 0.25): 3.0, (0.78, 0.30, 0.36): 2.0, (0.58, 0.20, 0.18): 2.0})
    return scaled(mixed(skin, red, draws.between(0.4, 0.8)), draws.between(0.82, 0.95))


def brow_colour(draws: Draws, hair: Rgb, skin: Rgb) -> Rgb:
    """Hair made darker, so far that it stands out from the skin."""
    brow = scaled(hair, draws.between(0.55, 0.85))
    return scaled(brow, min(1.0, max(0.0, 0.62 * luma(skin) - 0.05) / luma(brow)))


def any_colour(draws: Draws, saturation: float = 0.8) -> Rgb:
    """Any hue; saturations up to the given one, and greys more often than hues would be."""
    share = 0.1 * saturation if draws.chance(0.3) else saturation * draws.between(0.2, 1)
    return colorsys.hsv_to_rgb(draws.between(0, 1), share, draws.between(0.15, 0.95))


def borrowed_colour(draws: Draws, others: tuple[Rgb, ...], share: float) -> Rgb:
    """Now and then (a share of the time) nearly one of the others, so that colour tells no parts apart."""
    if draws.chance(share):
        return _varied(draws, scaled(others[draws.whole(len(others))], draws.between(0.8, 1.12)), 0.05)
    return any_colour(draws)


def _varied(draws: Draws, colour: Rgb, reach: float) -> Rgb:
    red, green, blue = (min(1.0, max(0.0, value + draws.near(0, reach))) for value in colour)
    return red, green, blue

"""Colours of parts that people with any kind of colour vision can tell apart."""

from __future__ import annotations

Colour = tuple[int, int, int]

UNLABELLED_COLOUR: Colour = (127, 127, 127)
"""Colour of unlabelled pixels in a palette PNG; no part may have it."""

# Found by a search for ten colours that stay far apart in OKLab, also as seen with protanopia, deuteranopia
# and tritanopia (Machado, Oliveira and Fernandes 2009), then softened by eye on overlays of faces.
_FIRST_COLOURS: tuple[Colour, ...] = (
    (28, 28, 36),  # ink
    (250, 205, 75),  # amber
    (232, 112, 20),  # orange
    (45, 205, 250),  # sky
    (105, 40, 105),  # plum
    (230, 250, 205),  # pale mint
    (175, 45, 30),  # rust
    (45, 40, 195),  # indigo
    (178, 105, 245),  # violet
    (40, 155, 150),  # teal
)
_GOLDEN_SHARE = 0.381966  # of a turn; steps of it spread hues evenly, however many there are


def distinct_colours(n_colours: int) -> list[Colour]:
    """Colours in a fixed order, the first one dark, for a background; none is that of unlabelled pixels.

    The first ten are easy to tell apart for everyone; more follow by hue and tone.
    """
    colours = list(_FIRST_COLOURS[:n_colours])
    step = 0
    while len(colours) < n_colours:
        colour = _hue_colour(step * _GOLDEN_SHARE % 1.0, value=(1.0, 0.7, 0.45)[step % 3])
        step += 1
        if colour not in (*colours, UNLABELLED_COLOUR):
            colours.append(colour)
    return colours


def _hue_colour(hue: float, value: float) -> Colour:
    # Hue as three triangle waves, a third of a turn apart; saturation stays at 0.75.
    red, green, blue = (
        round(255 * value * (1 - 0.75 * min(1.0, max(0.0, 2 - abs((6 * hue + shift) % 6 - 3)))))
        for shift in (0, 4, 2)
    )
    return red, green, blue

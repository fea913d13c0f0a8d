"""Haircuts, and how each of them varies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from partly.data.portraits.hair import Hair, Hairline
from partly.data.portraits.palette import Rgb
from partly.data.portraits.portrait_randomness import Draws

_Cut = Callable[[Draws, Hair], Hair]


def draw_hair(draws: Draws, colour: Rgb) -> Hair:
    """Any haircut of the given colour."""
    return draws.one_of(_CUTS)(draws, _plain(draws, colour))


def _plain(draws: Draws, colour: Rgb) -> Hair:
    """Hair that follows the head, with everything that all haircuts vary."""
    return Hair(
        colour=colour,
        hairline=_hairline(draws),
        top=draws.between(0.02, 0.05),
        side=draws.between(0.006, 0.018),
        sides_in=draws.between(0.84, 0.92),
        sides_low=draws.between(0.96, 1.02),
        crown=None,
        sides_end=draws.between(-0.02, 0.045),
        back_end=None,
        back_flare=0.0,
        over_shoulders=False,
        hides_ears=False,
        waves=0.0,
        n_waves=draws.between(5, 9),
        bun=None,
        strands=draws.between(0.03, 0.13),
        n_strands=draws.between(24, 60),
        gloss=draws.between(0.0, 0.8),
    )


def _hairline(draws: Draws) -> Hairline:
    """Round, parted, swept to a side or in locks."""
    kind = draws.one_of({"round": 3, "parted": 2.5, "swept": 2, "locks": 1.5})
    line = Hairline(
        height=draws.between(0.155, 0.190),
        slope=0.0,
        curve=draws.between(-0.2, 1.2),
        parting=draws.near(0, 0.10),
        peak=0.0,
        teeth=0.0,
        n_teeth=draws.between(6, 11),
        phase=draws.between(0, 6.28),
    )
    if kind == "parted":
        return replace(line, height=line.height + 0.02, curve=0.0, peak=draws.between(0.2, 0.5))
    if kind == "swept":
        return replace(line, slope=draws.between(0.1, 0.25) * (1 if draws.chance(0.5) else -1))
    if kind == "locks":
        return replace(line, height=line.height - 0.01, teeth=draws.between(0.008, 0.016))
    return line


def _short(draws: Draws, hair: Hair) -> Hair:
    return replace(hair, top=draws.between(0.02, 0.065))


def _cropped(draws: Draws, hair: Hair) -> Hair:
    line = replace(hair.hairline, height=draws.between(0.17, 0.20), teeth=0.0, slope=0.0, peak=0.0)
    return replace(hair, hairline=line, top=0.012, side=0.004, sides_in=0.90, gloss=0.2 * hair.gloss)


def _bald(draws: Draws, hair: Hair) -> Hair:
    line = replace(hair.hairline, height=0.6, teeth=0.0, slope=0.0, peak=0.0, curve=0.0)
    return replace(
        hair,
        hairline=line,
        top=0.02,
        side=draws.between(0.022, 0.034),
        sides_in=draws.between(0.78, 0.84),
        sides_low=draws.between(0.90, 1.0),
        crown=draws.between(-0.16, -0.10),
        sides_end=draws.between(-0.005, 0.035),
    )


def _long(draws: Draws, hair: Hair) -> Hair:
    return replace(
        hair,
        side=draws.between(0.014, 0.04),
        sides_in=draws.between(0.82, 0.93),
        sides_low=draws.between(0.80, 1.0),
        hides_ears=True,
        sides_end=draws.between(0.10, 0.22),
        back_end=draws.between(0.42, 0.62),
        back_flare=draws.between(0.0, 0.14),
        over_shoulders=draws.chance(0.6),
        waves=draws.between(0.004, 0.014) if draws.chance(0.4) else 0.0,
    )


def _bob(draws: Draws, hair: Hair) -> Hair:
    return replace(
        hair,
        side=draws.between(0.018, 0.045),
        sides_in=draws.between(0.82, 0.93),
        sides_low=draws.between(0.80, 1.0),
        hides_ears=True,
        sides_end=draws.between(0.10, 0.20),
        back_end=draws.between(0.22, 0.34),
        back_flare=draws.between(0.0, 0.12),
    )


def _behind_ears(draws: Draws, hair: Hair) -> Hair:
    return replace(
        _long(draws, hair),
        sides_in=draws.between(0.88, 0.95),
        sides_low=1.0,
        sides_end=draws.between(-0.03, 0.0),
        hides_ears=False,
    )


def _curly(draws: Draws, hair: Hair) -> Hair:
    return replace(
        hair,
        top=draws.between(0.05, 0.085),
        side=draws.between(0.035, 0.075),
        sides_low=draws.between(0.85, 1.0),
        sides_end=draws.between(0.03, 0.16),
        hides_ears=draws.chance(0.6),
        waves=draws.between(0.006, 0.011),
        n_waves=draws.between(9, 13),
        strands=draws.between(0.10, 0.20),
        gloss=0.3 * hair.gloss,
    )


def _bun(draws: Draws, hair: Hair) -> Hair:
    reach = draws.between(0.065, 0.09)
    bun = (draws.near(0, 0.09), -0.30 - 0.3 * reach, reach)
    return replace(hair, top=draws.between(0.012, 0.025), side=0.006, sides_in=0.92, bun=bun)


def _fringed(cut: _Cut) -> _Cut:
    """The haircut with a fringe down to the brows."""

    def fringed(draws: Draws, hair: Hair) -> Hair:
        line = replace(
            hair.hairline,
            height=draws.between(0.122, 0.136),
            slope=draws.near(0, 0.08),
            curve=draws.between(-0.2, 0.4),
            peak=0.0,
            teeth=draws.between(0.0, 0.008),
        )
        return cut(draws, replace(hair, hairline=line))

    return fringed


_CUTS: dict[_Cut, float] = {
    _short: 3,
    _cropped: 1.2,
    _bald: 1,
    _long: 2.4,
    _bob: 1.5,
    _behind_ears: 1.3,
    _curly: 1.4,
    _bun: 0.9,
    _fringed(_short): 1.2,
    _fringed(_long): 1.4,
    _fringed(_bob): 1.2,
}

"""Drawn portraits of people with exact truth: photos that anybody may use, without torch."""

from partly.portraits.portrait import Portrait, draw_portrait
from partly.portraits.sets import (
    DrawnPhoto,
    fresh_portraits,
    portrait_pairs,
    portrait_seed,
    portrait_set,
    portrait_sources,
)

__all__ = [
    "DrawnPhoto",
    "Portrait",
    "draw_portrait",
    "fresh_portraits",
    "portrait_pairs",
    "portrait_seed",
    "portrait_set",
    "portrait_sources",
]

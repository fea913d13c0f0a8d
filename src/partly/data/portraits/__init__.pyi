"""Drawn photos of people with their exact truth."""

from .outline_shapes import egg as egg
from .portrait_sets import draw_portraits as draw_portraits
from .portrait_sets import portrait_pairs as portrait_pairs
from .portrait_sets import portrait_set as portrait_set
from .portrait_sets import portrait_sources as portrait_sources

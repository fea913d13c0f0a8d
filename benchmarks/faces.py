"""Where benchmarks find the photos and what their ids mean; both live in ``partly.experiments``."""

from partly.experiments.photos import photos
from partly.experiments.protocol import PARTS_OF_IDS as _MAPPING

__all__ = ["_MAPPING", "photos"]

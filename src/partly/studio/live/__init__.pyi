"""The segmenter that follows the brush."""

from .live_segmenter import LiveSegmenter as LiveSegmenter
from .slic_superpixels import superpixels as superpixels

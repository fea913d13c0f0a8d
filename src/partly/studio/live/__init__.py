"""The few-shot segmenter refitted after every stroke, and shown on a wall of pictures."""

from partly.studio.live.live_predictions import Prediction
from partly.studio.live.live_segmenter import LiveSegmenter
from partly.studio.live.superpixels import superpixels
from partly.studio.live.wall_features import WallPicture

__all__ = ["LiveSegmenter", "Prediction", "WallPicture", "superpixels"]

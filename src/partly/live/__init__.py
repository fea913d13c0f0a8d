"""The few-shot segmenter refitted after every stroke, and shown on a wall of pictures."""

from partly.live.predictions import Prediction, WallPrediction
from partly.live.segmenter import LiveSegmenter
from partly.live.superpixels import superpixels
from partly.live.wall import WallPicture

__all__ = ["LiveSegmenter", "Prediction", "WallPicture", "WallPrediction", "superpixels"]

"""Using an auto-shot network: one photo in memory, or folders of photos into a folder of results."""

from partly.predict.folder import network_digest, segment_all
from partly.predict.photo import PartNetwork, segment_photo
from partly.predict.segment_options import THOROUGH, SegmentOptions
from partly.predict.segmentation import PartArea, Segmentation
from partly.predict.summary import Progress, Summary

__all__ = [
    "THOROUGH",
    "PartArea",
    "PartNetwork",
    "Progress",
    "SegmentOptions",
    "Segmentation",
    "Summary",
    "network_digest",
    "segment_all",
    "segment_photo",
]

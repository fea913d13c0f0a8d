"""Figures that say how well label maps agree; numpy only."""

from partly.metrics.evaluation import Evaluation, ExamplePhoto, PartScore, PhotoScore, Skipped
from partly.metrics.iou import (
    MeanIou,
    confusion_matrix,
    mean_iou,
    part_iou,
    photo_iou,
    pixel_accuracy,
)

__all__ = [
    "Evaluation",
    "ExamplePhoto",
    "MeanIou",
    "PartScore",
    "PhotoScore",
    "Skipped",
    "confusion_matrix",
    "mean_iou",
    "part_iou",
    "photo_iou",
    "pixel_accuracy",
]

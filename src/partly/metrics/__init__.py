"""Figures that say how well label maps agree, and how well pictures do as photos; numpy only."""

from partly.metrics.copies import CopySearch, find_copies
from partly.metrics.evaluation import Evaluation, ExamplePhoto, PartScore, PhotoScore, Skipped
from partly.metrics.frechet import FeatureSums, Gaussian, feature_sums, frechet_distance
from partly.metrics.gaps import Gaps, find_gaps
from partly.metrics.generator_evaluation import Copies, GeneratorEvaluation, Pair
from partly.metrics.generator_figures import GeneratorFigures, figures_of, remarks
from partly.metrics.iou import (
    MeanIou,
    confusion_matrix,
    mean_iou,
    part_iou,
    photo_iou,
    pixel_accuracy,
)
from partly.metrics.kernel_distance import KernelDistance, kernel_distance
from partly.metrics.manifold import ManifoldScores, expected_coverage, manifold_scores

__all__ = [
    "Copies",
    "CopySearch",
    "Evaluation",
    "ExamplePhoto",
    "FeatureSums",
    "Gaps",
    "Gaussian",
    "GeneratorEvaluation",
    "GeneratorFigures",
    "KernelDistance",
    "ManifoldScores",
    "MeanIou",
    "Pair",
    "PartScore",
    "PhotoScore",
    "Skipped",
    "confusion_matrix",
    "expected_coverage",
    "feature_sums",
    "figures_of",
    "find_copies",
    "find_gaps",
    "frechet_distance",
    "kernel_distance",
    "manifold_scores",
    "mean_iou",
    "part_iou",
    "photo_iou",
    "pixel_accuracy",
    "remarks",
]

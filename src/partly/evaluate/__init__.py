"""How well predicted label maps agree with the truth: streamed over photos, in both IoU conventions."""

from partly.evaluate.folders import evaluate_folders, evaluate_network
from partly.evaluate.scoring import EvaluationPair, evaluate
from partly.evaluate.truth import TruthMapping, read_truth, read_truth_mapping
from partly.metrics.evaluation import Evaluation

__all__ = [
    "Evaluation",
    "EvaluationPair",
    "TruthMapping",
    "evaluate",
    "evaluate_folders",
    "evaluate_network",
    "read_truth",
    "read_truth_mapping",
]

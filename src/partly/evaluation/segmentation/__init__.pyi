"""Label maps or a network against truth."""

from .label_folders import evaluate_folders as evaluate_folders
from .label_folders import evaluate_network as evaluate_network
from .photo_scoring import EvaluationPair as EvaluationPair
from .photo_scoring import evaluate as evaluate
from .truth_files import TruthMapping as TruthMapping
from .truth_files import read_truth_mapping as read_truth_mapping

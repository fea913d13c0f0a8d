"""Where benchmarks find the stand-in for a person who labels; it lives in ``partly.experiments``."""

from partly.experiments.person import load_person as parser
from partly.experiments.proposed import proposed_labels

LABEL_PX = 256

__all__ = ["LABEL_PX", "parser", "proposed_labels"]

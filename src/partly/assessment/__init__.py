"""How good a generator is: its pictures and photos through a feature network, and what the features say.

Figures themselves are in :mod:`partly.metrics`, which needs no torch; here is what runs networks.
"""

from partly.assessment.evaluation import evaluate_generator
from partly.assessment.features import PhotoFeatures, photo_features, picture_features
from partly.assessment.figures import generator_figures
from partly.assessment.pictures import make_pictures

__all__ = [
    "PhotoFeatures",
    "evaluate_generator",
    "generator_figures",
    "make_pictures",
    "photo_features",
    "picture_features",
]

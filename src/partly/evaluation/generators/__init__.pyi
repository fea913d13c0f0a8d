"""A generator against photos."""

from .differences_shown import what_differs as what_differs
from .feature_rows import PhotoFeatures as PhotoFeatures
from .feature_rows import generator_figures as generator_figures
from .feature_rows import photo_features as photo_features
from .feature_rows import picture_features as picture_features
from .generator_assessment import evaluate_generator as evaluate_generator
from .photo_reconstruction import ReconstructionOptions as ReconstructionOptions
from .photo_reconstruction import minimum_reconstruction as minimum_reconstruction
from .picture_bytes import make_pictures as make_pictures

"""Where the features of an annotated picture or photo come from."""

from .feature_source import FeatureSource as FeatureSource
from .feature_source import at_most as at_most
from .feature_source import pyramid_of as pyramid_of
from .feature_store import FeatureStore as FeatureStore
from .feature_store import as_kept as as_kept
from .generator_features import GeneratorFeatures as GeneratorFeatures
from .generator_features import latent_of as latent_of
from .kept_pyramids import KeptPyramids as KeptPyramids
from .photo_features import PhotoFeatures as PhotoFeatures
from .photo_features import PhotoFit as PhotoFit
from .photo_features import photo_source_digest as photo_source_digest

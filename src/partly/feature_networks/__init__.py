"""Feature networks: what pictures and photos look like, as rows of numbers that measures compare."""

from partly.feature_networks.built_in import BuiltInFeatures, built_in_features
from partly.feature_networks.inception import InceptionFeatures
from partly.feature_networks.protocol import FeatureNetwork

__all__ = ["BuiltInFeatures", "FeatureNetwork", "InceptionFeatures", "built_in_features"]

"""Generators without a discriminator, whose pictures have the moments of photos."""

from .matching_config import MatchingConfig as MatchingConfig

"""Networks and their families: generators, discriminators, encoders, networks for photos."""

from .boundary_refinement import refined as refined
from .feature_pyramid import FeaturePyramid as FeaturePyramid
from .feature_pyramid import Level as Level
from .feature_pyramid import on_grid as on_grid
from .feature_pyramid import resize as resize

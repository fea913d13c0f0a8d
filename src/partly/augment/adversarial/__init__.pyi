"""Augmentation of all that a discriminator sees."""

from .ada import AdaptiveAugmentation as AdaptiveAugmentation
from .ada import AdaptiveStrength as AdaptiveStrength
from .diff_augment import DiffAugment as DiffAugment

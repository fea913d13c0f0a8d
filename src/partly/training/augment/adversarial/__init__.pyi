"""Augmentation of all that a discriminator sees."""

from .ada import AdaptiveAugmentation as AdaptiveAugmentation
from .diff_augment import DiffAugment as DiffAugment
from .discriminator_augmentation import Augmentation as Augmentation
from .discriminator_augmentation import NOTHING as NOTHING
from .shape_changes import ShapeChanges as ShapeChanges

"""Paired augmentation of pictures and their soft labels, in plain torch."""

from partly.training.augmentation.recipe import NO_AUGMENTATION, Augmentation, augment

__all__ = ["NO_AUGMENTATION", "Augmentation", "augment"]

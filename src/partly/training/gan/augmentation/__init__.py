"""Changes of all that the discriminator sees, so that it cannot learn a few photos by heart."""

from partly.training.gan.augmentation.ada import (
    TRANSFORMS,
    AdaptiveAugmentation,
    AdaptiveStrength,
    AdaTransforms,
)
from partly.training.gan.augmentation.diff_augment import DiffAugment
from partly.training.gan.augmentation.discriminator_augmentation import (
    NOTHING,
    Augmentation,
    AugmentationInUse,
)

__all__ = [
    "NOTHING",
    "TRANSFORMS",
    "AdaTransforms",
    "AdaptiveAugmentation",
    "AdaptiveStrength",
    "Augmentation",
    "AugmentationInUse",
    "DiffAugment",
]

"""Augmentation of labelled pictures: one random change, picture and label."""

from .augmentation import photographed as photographed
from .augmentation import Augmentation as Augmentation
from .augmentation import photographed as photographed
from .augmentation import augment as augment
from .backdrop_and_occlusion import backdrops as backdrops

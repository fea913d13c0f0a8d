"""Augmentation of labelled pictures: one random change, picture and label."""

from .augmentation import Augmentation as Augmentation
from .augmentation import augment as augment
from .augmentation import photographed as photographed
from .backdrop_and_occlusion import backdrops as backdrops

"""Generators trained against discriminators."""

from .gan_batches import PhotoBatch as PhotoBatch
from .gan_batches import PhotoBatches as PhotoBatches
from .gan_batches import SquareBatches as SquareBatches
from .gan_config import GanConfig as GanConfig
from .gan_loop import train_gan as train_gan
from .gan_play import GanPlayers as GanPlayers

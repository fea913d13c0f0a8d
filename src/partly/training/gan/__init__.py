"""Training of generators against discriminators."""

from partly.training.gan.config import GanConfig
from partly.training.gan.draws import PhotoBatch, PhotoBatches, SquareBatches
from partly.training.gan.gan_play import GanPlayers
from partly.training.gan.loop import GanResult, train_gan

__all__ = ["GanConfig", "GanPlayers", "GanResult", "PhotoBatch", "PhotoBatches", "SquareBatches", "train_gan"]

"""Training of the object finder, on scenes composed of labelled pictures."""

from .finder_training import FinderConfig as FinderConfig
from .finder_training import train_finder as train_finder
from .scenes import SceneOptions as SceneOptions
from .scenes import compose_scenes as compose_scenes

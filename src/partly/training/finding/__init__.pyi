"""Training of the object finder, on scenes composed of labelled pictures."""
from .scenes import SceneOptions as SceneOptions

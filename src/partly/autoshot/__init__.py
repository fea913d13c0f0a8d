"""Auto-shot networks: photo to logits, without the generator or its features."""

from partly.autoshot.catalogue import ARCHITECTURES
from partly.autoshot.encoders import convert_efficientnet_lite0
from partly.autoshot.network import AutoShotNetwork, load_network

__all__ = ["ARCHITECTURES", "AutoShotNetwork", "convert_efficientnet_lite0", "load_network"]

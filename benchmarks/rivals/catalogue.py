"""The rivals by name. A new one is a module with ``RIVALS``, and a line here."""

from __future__ import annotations

import importlib

from benchmarks.rivals.protocol import Rival

# A module is imported in the rival's own process, since it may need packages that are installed there.
MODULES = {
    "mean-label-map": "mean_label_map",
    "bisenet": "parsers",
    "bisenet-256": "parsers",
    "lite0-ridge": "ridge",
    "unet-scratch": "networks",
    "unet-imagenet": "networks",
    "lite0-segformer-head": "segformer",
    "segformer-scratch": "segformer",
    "vgg16-ridge": "ridge",
    "mobile-sam": "mobile_sam",
    "mobile-sam-features": "mobile_sam",
}
# They brought their own.
WITHOUT_LABELS = frozenset({"bisenet", "bisenet-256"})


def rival(name: str) -> Rival:
    """The rival of that name."""
    module = importlib.import_module(f"benchmarks.rivals.{MODULES[name]}")
    found: Rival = module.RIVALS[name]
    return found

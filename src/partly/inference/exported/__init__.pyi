"""Exported networks at work on photos, with NumPy and onnxruntime alone."""

from .exported_network import ExportedNetwork as ExportedNetwork
from .exported_network import load_exported as load_exported
from .exported_segmentation import segment_exported as segment_exported

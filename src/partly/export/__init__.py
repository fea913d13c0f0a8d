"""The auto-shot network as one ONNX file, for programs without Partly or torch."""

from partly.export.facts import read_onnx_facts
from partly.export.onnx_file import OnnxFile, export_onnx

__all__ = ["OnnxFile", "export_onnx", "read_onnx_facts"]

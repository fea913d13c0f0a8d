"""Exported networks at work on photos, with NumPy and onnxruntime alone."""

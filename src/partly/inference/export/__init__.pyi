"""Networks as one ONNX file each."""

from .network_facts import read_onnx_facts as read_onnx_facts
from .onnx_file import OnnxFile as OnnxFile
from .onnx_file import export_onnx as export_onnx
from .onnx_sessions import silent_runtime as silent_runtime

"""Other programs that compute auto-shot networks on processors: ONNX Runtime, OpenVINO, whole numbers."""

from .engine_files import engine_file as engine_file
from .engine_files import machine_for as machine_for
from .engine_network import EngineFile as EngineFile
from .engine_network import EngineNetwork as EngineNetwork
from .engine_network import open_engine as open_engine
from .engine_options import EngineOptions as EngineOptions

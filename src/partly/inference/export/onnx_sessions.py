"""onnxruntime without its telemetry."""

from __future__ import annotations

import os
from types import ModuleType


def silent_runtime() -> ModuleType:
    """Import onnxruntime so that it sends nothing to its makers, unless the environment says otherwise.

    Since version 1.29 it reports each process and session, and keeps an identifier of the device below
    ``~/.cache``. The variable counts before the first import only.

    Raises:
        ImportError: it is not installed.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime

"""An exported network that one of the engines computes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from partly.data.labels import PartSet
from partly.errors import BadModelFile, NotAvailable
from partly.inference.export import read_onnx_facts
from partly.inference.exported import load_exported
from partly.machine import usable_processors
from partly.storage import sha256_of

Pixels = NDArray[np.uint8]
Logits = NDArray[np.float32]


@dataclass(frozen=True)
class EngineFile:
    """A network as an engine reads it; other processes may open it, too.

    Attributes:
        engine: the program that computes it.
        path: an ONNX file that Partly wrote.
        digest: of what is computed: the network, the engine, and how numbers are rounded.
        sha256: of the file; None: it is not compared.
    """

    engine: Literal["onnxruntime", "openvino"]
    path: Path
    digest: str
    sha256: str | None = None


@dataclass(eq=False)
class EngineNetwork:
    """Segments photos like the network that the file was made of; for all threads.

    Attributes:
        part_set: what the ``k`` logits mean.
        size_px: size that photos are best resized to.
        digest: of what is computed.
    """

    part_set: PartSet
    size_px: int
    digest: str
    _logits: Callable[[Pixels], Logits]

    def of_pixels(self, images: Pixels) -> Logits:
        """Images uint8 ``[b, h, w, 3]`` to logits ``[b, k, h, w]``.

        Raises:
            BadModelFile: the file cannot be run.
        """
        return self._logits(images)

    def __call__(self, images: Any) -> Any:
        """Images ``[b, 3, h, w]`` in [-1, 1], a tensor, to logits ``[b, k, h, w]``."""
        import torch

        pixels = ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)
        return torch.from_numpy(self.of_pixels(np.ascontiguousarray(pixels.numpy())))


def open_engine(file: EngineFile) -> EngineNetwork:
    """Load a network into its engine. Each call of it computes on one core; threads bring their own.

    Raises:
        NotAvailable: the engine is not installed.
        BadModelFile: the file is missing, damaged, changed, or not one that Partly wrote.
    """
    if file.sha256 is not None and file.path.is_file() and sha256_of(file.path) != file.sha256:
        raise BadModelFile(
            "is another file than when this command began",
            expected=f"one with sha256 {file.sha256[:12]}…",
            remedy="Run the same command again, in a folder that no other command writes to",
            path=file.path,
        )
    facts = read_onnx_facts(file.path)
    part_set = PartSet.from_json(facts["part_set"], file.path)
    if file.engine == "onnxruntime":
        logits: Callable[[Pixels], Logits] = load_exported(file.path, n_threads=1)
    else:
        logits = _by_openvino(file.path)
    return EngineNetwork(part_set, int(facts["size_px"]), file.digest, logits)


def _by_openvino(path: Path) -> Callable[[Pixels], Logits]:
    try:
        import openvino
    except ImportError as error:
        raise NotAvailable(
            "the package openvino is not installed, which was asked to compute the network",
            remedy="Install it: pip install 'partly[engines]', or leave --engine out",
        ) from error
    n_cores = usable_processors()
    settings = {
        "INFERENCE_NUM_THREADS": n_cores,
        "NUM_STREAMS": n_cores,
        # Where there are halves in hardware, it would compute in them.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    try:
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(str(path)), "CPU", settings)
    except RuntimeError as error:
        raise BadModelFile(
            f"OpenVINO cannot read it ({str(error).strip().splitlines()[-1][:200]})",
            remedy="Take another engine: --engine onnxruntime",
            path=path,
        ) from error
    of_thread = threading.local()

    def logits(images: Pixels) -> Logits:
        if not hasattr(of_thread, "request"):
            of_thread.request = compiled.create_infer_request()
        found: Logits = of_thread.request.infer({"images": images})["logits"].copy()
        return found

    return logits

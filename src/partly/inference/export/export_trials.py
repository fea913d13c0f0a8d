"""Whether an exported model says what the network says."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from partly.errors import BadModelFile
from partly.inference.export.onnx_sessions import silent_runtime
from partly.inference.segment import EncoderNetwork
from partly.models.networks import AutoShotNetwork
from partly.storage import shuffle_stream

# Batches and sizes besides the network's own; none is a multiple of anything that an encoder halves.
_SHAPES = ((3, 45, 77), (2, 1, 33))
_BATCHES_OF_ONE_SIZE = (1, 2)
_BLOCK_PX = 8


@dataclass(frozen=True, eq=False)
class Trial:
    """Images, and what the network itself says to them.

    Attributes:
        images: uint8 ``[b, h, w, 3]``.
        logits: float32 ``[b, k, h, w]``.
    """

    images: NDArray[np.uint8]
    logits: NDArray[np.float32]


def trials_of(network: AutoShotNetwork | EncoderNetwork, size: tuple[int, int] | None = None) -> list[Trial]:
    """Several sizes and batches through the network, by torch on the CPU, norms not folded.

    Args:
        network: stays as it is.
        size: height and width of all images; None: several.

    Raises:
        BadModelFile: the network's logits are not finite.
    """
    reference = copy.deepcopy(network).cpu().eval()
    generator = shuffle_stream("export trials", 0)
    trials = []
    several = ((1, network.size_px, network.size_px), *_SHAPES)
    for shape in several if size is None else [(n, *size) for n in _BATCHES_OF_ONE_SIZE]:
        images = _images(generator, *shape)
        with torch.no_grad():
            logits = reference(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1)
        if not torch.isfinite(logits).all():
            raise BadModelFile("the network's logits are not finite", remedy="Train it again")
        trials.append(Trial(images, logits.numpy()))
    return trials


def largest_difference(model: bytes, trials: Sequence[Trial]) -> float:
    """The most that a logit of the model is off, run by onnxruntime on the CPU.

    Infinite where shapes are others, or a label is not that of the largest logit.
    """
    onnxruntime = silent_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    largest = 0.0
    for trial in trials:
        logits, label_map = session.run(["logits", "label_map"], {"images": trial.images})
        if logits.shape != trial.logits.shape or not np.array_equal(label_map, logits.argmax(1)):
            return float("inf")
        # numpy's max, other than Python's, keeps what is not a number.
        largest = float(np.max([largest, np.abs(logits - trial.logits).max()]))
    return largest


def _images(generator: np.random.Generator, b: int, height_px: int, width_px: int) -> NDArray[np.uint8]:
    """Coloured blocks with a little noise: edges and flat places, as in photos."""
    n_rows, n_columns = -(-height_px // _BLOCK_PX), -(-width_px // _BLOCK_PX)
    blocks = generator.integers(0, 256, (b, n_rows, n_columns, 3))
    images = blocks.repeat(_BLOCK_PX, axis=1).repeat(_BLOCK_PX, axis=2)[:, :height_px, :width_px]
    return np.clip(images + generator.integers(-9, 10, images.shape), 0, 255).astype(np.uint8)

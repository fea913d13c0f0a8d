"""Latents of photos as safetensors files, each of which says of which generator it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from partly.errors import BadModelFile
from partly.inference.invert.photo_inversion import Inverted
from partly.models.generators import Generator
from partly.storage import tensors_to_bytes, write_bytes

_NOISE = "noise."
_N_SHOWN = 12


def write_latent(path: Path, inverted: Inverted, generator_digest: str) -> None:
    """Write a latent atomically: ``w [l, v]``, and ``z`` and maps of noise where those were searched for.

    Args:
        path: the file.
        inverted: whose latent.
        generator_digest: of the generator whose latent it is.
    """
    arrays = {"w": inverted.latent, **{_NOISE + name: maps for name, maps in inverted.noise.items()}}
    if inverted.z is not None:
        arrays["z"] = inverted.z
    told = {"generator_sha256": generator_digest, "space": inverted.space, "photo": inverted.name}
    write_bytes(path, tensors_to_bytes({name: torch.from_numpy(a) for name, a in arrays.items()}, told))


def read_latent(path: Path, generator: Generator) -> NDArray[np.float32]:
    """The mapped latent ``[l, v]`` in a file of :func:`write_latent`.

    Raises:
        BadModelFile: the file is missing or damaged, or of another generator.
    """
    try:
        with safe_open(path, framework="np") as file:
            told = file.metadata() or {}
            latent: NDArray[np.float32] = file.get_tensor("w")
    except (OSError, SafetensorError) as error:
        raise BadModelFile(
            f"holds no latent ({error})", expected="a file that partly invert wrote", path=path
        ) from error
    of = told.get("generator_sha256", "")
    if of != generator.digest:
        raise BadModelFile(
            f"is a latent of another generator (sha256 {of[:_N_SHOWN]}…)",
            expected=f"one of this generator, sha256 {generator.digest[:_N_SHOWN]}…",
            remedy="Give the generator that it was found with, or run partly invert with this one",
            path=path,
        )
    if latent.shape != (generator.n_layers, generator.w_dim):
        raise BadModelFile(
            f"holds a latent of shape {list(latent.shape)}",
            expected=f"[{generator.n_layers}, {generator.w_dim}]",
            path=path,
        )
    return latent

"""All families of representations; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.families import read_any
from partly.representations.protocol import Representation
from partly.representations.vae import KIND as VAE_ENCODER
from partly.representations.vae import load_vae_encoder

FAMILIES: dict[str, Callable[[Path], Representation]] = {VAE_ENCODER: load_vae_encoder}


def load_representation(folder: Path) -> Representation:
    """Read a representation's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no representation.
    """
    return read_any(folder, FAMILIES, "a representation")

"""All families of representations; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.models.encoders.photo_encoder import Representation
from partly.models.encoders.vae_encoder import KIND as VAE_ENCODER
from partly.models.encoders.vae_encoder import load_vae_encoder
from partly.models.model_families import read_any

FAMILIES: dict[str, Callable[[Path], Representation]] = {VAE_ENCODER: load_vae_encoder}


def load_representation(folder: Path) -> Representation:
    """Read a representation's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no representation.
    """
    return read_any(folder, FAMILIES, "a representation")

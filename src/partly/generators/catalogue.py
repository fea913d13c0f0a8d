"""All families of generators; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.families import read_any
from partly.generators.dcgan import KIND as DCGAN
from partly.generators.dcgan import load_dcgan
from partly.generators.light import KIND as LIGHT
from partly.generators.light import load_light
from partly.generators.mlp import KIND as MLP
from partly.generators.mlp import load_mlp
from partly.generators.mobile_stylegan import KIND as MOBILE_STYLEGAN
from partly.generators.mobile_stylegan import load_mobile_stylegan
from partly.generators.protocol import Generator
from partly.generators.stylegan2 import KIND as STYLEGAN2
from partly.generators.stylegan2 import load_stylegan2
from partly.generators.vae import KIND as VAE
from partly.generators.vae import load_vae

FAMILIES: dict[str, Callable[[Path], Generator]] = {
    MOBILE_STYLEGAN: load_mobile_stylegan,
    STYLEGAN2: load_stylegan2,
    DCGAN: load_dcgan,
    MLP: load_mlp,
    LIGHT: load_light,
    VAE: load_vae,
}


def load_generator(folder: Path) -> Generator:
    """Read a generator's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no generator.
    """
    return read_any(folder, FAMILIES, "a generator")

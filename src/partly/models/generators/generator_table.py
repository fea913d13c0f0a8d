"""All families of generators; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from partly.models.generators.dcgan_generator import KIND as DCGAN
from partly.models.generators.dcgan_generator import load_dcgan
from partly.models.generators.generator_protocol import Generator
from partly.models.generators.light_generator import KIND as LIGHT
from partly.models.generators.light_generator import load_light
from partly.models.generators.mlp_generator import KIND as MLP
from partly.models.generators.mlp_generator import load_mlp
from partly.models.generators.mobile_stylegan import KIND as MOBILE_STYLEGAN
from partly.models.generators.mobile_stylegan import load_mobile_stylegan
from partly.models.generators.stacked_generator import KIND as STACKED
from partly.models.generators.stacked_generator import load_stacked
from partly.models.generators.stylegan2.stylegan2_generator import KIND as STYLEGAN2
from partly.models.generators.stylegan2.stylegan2_generator import load_stylegan2
from partly.models.generators.stylegan3.stylegan3_generator import KIND as STYLEGAN3
from partly.models.generators.stylegan3.stylegan3_generator import load_stylegan3
from partly.models.generators.vae_decoder import KIND as VAE
from partly.models.generators.vae_decoder import load_vae
from partly.models.model_families import read_any

FAMILIES: dict[str, Callable[[Path], Generator]] = {
    MOBILE_STYLEGAN: load_mobile_stylegan,
    STYLEGAN2: load_stylegan2,
    STYLEGAN3: load_stylegan3,
    DCGAN: load_dcgan,
    MLP: load_mlp,
    LIGHT: load_light,
    VAE: load_vae,
    STACKED: load_stacked,
}


def load_generator(folder: Path) -> Generator:
    """Read a generator's model folder, of whatever family.

    Raises:
        BadModelFile: it is damaged, or no generator.
    """
    return read_any(folder, FAMILIES, "a generator")

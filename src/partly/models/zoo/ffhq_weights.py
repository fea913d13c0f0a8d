"""The generator of faces: MobileStyleGAN, FFHQ, 1024 px, from the package ``random-face``."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import torch

from partly.models.foreign.random_face import import_random_face
from partly.models.zoo.wheel_files import Package

PACKAGE = Package(
    "random-face==2021.7.21.1",
    "e5d10e2be7df63f06123855ec591ca35dcb1d059eba47ddcb175d7d26b4019b5",
    tuple(
        f"random_face/data/{name}Network.{suffix}"
        for name in ("Mapping", "Synthesis")
        for suffix in ("xml", "bin")
    ),
)
_EXTRA = {
    "title": "MobileStyleGAN of faces, FFHQ, 1024 px",
    "source": f"package {PACKAGE.requirement}, sha256 {PACKAGE.sha256}",
    "paper": "Belousov, MobileStyleGAN: A Lightweight Convolutional Neural Network for High-Fidelity Image "
    "Synthesis, arXiv:2104.04767",
    "licence": "The package is Apache-2.0. Its weights were distilled from StyleGAN2 (Nvidia Source Code "
    "License, non-commercial) and learned from FFHQ (CC BY-NC-SA 4.0): use them for research.",
    "figures": "15 activation maps, 5,504 channels, 4 to 512 px; pictures of 1024 px.",
}


def convert(members: Path, folder: Path) -> None:
    """Write the generator as a model folder.

    Args:
        members: folder with the members of :data:`PACKAGE`.
        folder: the model folder.

    Raises:
        BadModelFile: the files are not those of that package.
    """
    generator = import_random_face(members)
    # The mean of w is a sum of many products, which processors round differently; annotations name the digest
    # of the weights, which must be the same everywhere.
    generator.w_mean.copy_(torch.tensor(shipped_w_mean()))
    generator.save(folder, _EXTRA)


def shipped_w_mean() -> list[float]:
    """The mean of ``w``, 512 numbers, as it was first computed."""
    text = (files("partly.data") / "shipped" / "faces" / "w_mean.json").read_text()
    values: list[float] = json.loads(text)
    return values

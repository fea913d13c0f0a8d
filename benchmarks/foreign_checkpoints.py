"""Imported checkpoints against pictures that the original programs made of them: the bar is 1e-3.

FOLDER holds checkpoints, ``NAME.pkl`` or ``NAME.pt``, and beside each ``NAME.npz`` with ``z [n, d]``, the
classes ``c [n, k]`` (one-hot, or of no width), and what the original made of them on a CPU in single
precision, with constant noise and without truncation: ``w [n, l, d]`` and ``images [n, 3, h, w]``. Each is
imported as ``partly get FILE`` does, a generator with classes for the class of each latent; what Partly
refuses is told.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from partly.errors import BadModelFile
from partly.models.generators import Generator, load_generator
from partly.models.zoo import import_checkpoint

BAR = 1e-3


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    folder = options.parse_args().folder
    worst, n = 0.0, 0
    for file in sorted(p for p in folder.glob("*") if p.suffix in (".pkl", ".pt")):
        n += 1
        try:
            found = list(differences(file))
        except BadModelFile as error:
            print(f"refused: {error}")
            continue
        of_w, of_images, values = (max(column) for column in zip(*found, strict=True))
        worst = max(worst, of_w, of_images)
        print(
            f"{file.name}: {len(found)} latents, w differs by {of_w:.1e}, the picture by {of_images:.1e} "
            f"(values up to {values:.1f})"
        )
    if not n:
        print(f"{folder} holds no .pkl or .pt")
        return 1
    print(f"largest difference {worst:.1e}; bar {BAR:.0e}")
    return int(worst >= BAR)


def differences(file: Path) -> Iterator[tuple[float, float, float]]:
    """For each latent how far w and the picture are from those of the original, and the largest value there.

    Raises:
        BadModelFile: the file is no checkpoint that can be imported.
    """
    with np.load(file.with_suffix(".npz")) as said:
        z, classes, w, images = (torch.from_numpy(said[name]) for name in ("z", "c", "w", "images"))
    has_classes = classes.shape[1] > 0
    imported = cache(partial(_imported, file))
    for index in range(len(z)):
        generator = imported(int(classes[index].argmax()) if has_classes else None)
        with torch.inference_mode():
            our_w = generator.map(z[index : index + 1])
            ours = generator.synthesise(our_w).images
        assert ours is not None
        yield (
            float((our_w - w[index : index + 1]).abs().max()),
            float((ours - images[index : index + 1]).abs().max()),
            float(images[index].abs().max()),
        )


def _imported(file: Path, class_index: int | None) -> Generator:
    """A checkpoint as a generator, by way of a model folder."""
    with tempfile.TemporaryDirectory() as folder:
        import_checkpoint(file, Path(folder) / "model", class_index)
        return load_generator(Path(folder) / "model")


if __name__ == "__main__":
    sys.exit(main())

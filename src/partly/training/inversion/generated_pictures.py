"""A generator's own pictures with their latents, made once on disk, small, as an encoder reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from partly.machine import Machine
from partly.models.encoders import at_size
from partly.models.generators import (
    Generator,
    Truncation,
    images_of,
    pictures_digest,
    sample_w,
    synthesise_on,
    to_bytes,
)
from partly.storage import Provenance, claim, streams_version

_TRUNCATION = Truncation(0.6, 1.0)
_AT_ONCE = 8
OnPicture = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class GeneratedPictures:
    """Pictures and their latents.

    Attributes:
        pictures: uint8 ``[n, 3, s, s]``, mapped from disk.
        latents: float32 ``[n, v]``, the first row of each.
        digest: of what both depend on.
    """

    pictures: NDArray[np.uint8]
    latents: NDArray[np.float32]
    digest: str

    def __len__(self) -> int:
        return len(self.latents)

    def read(self, indexes: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Pictures ``[b, 3, s, s]`` in [-1, 1], and latents ``[b, v]``."""
        pictures = torch.from_numpy(np.ascontiguousarray(self.pictures[indexes]))
        return pictures.float() / 127.5 - 1, torch.from_numpy(self.latents[indexes])


def make_pictures(
    generator: Generator,
    folder: Path,
    n: int,
    size_px: int,
    seed: int,
    *,
    machine: Machine,
    on_picture: OnPicture | None = None,
) -> GeneratedPictures:
    """Make ``n`` pictures, or those that are missing; after a stop, the same call goes on.

    Args:
        generator: on the machine.
        folder: where they are kept.
        n: how many.
        size_px: side of what is kept of each.
        seed: of their latents.
        machine: what computes.
        on_picture: told how many are done, of how many.

    Raises:
        BadOption: the folder holds others.
    """
    depends = Provenance(
        {
            "generator": pictures_digest(generator),
            "size_px": size_px,
            "seed": seed,
            "streams": streams_version(),
        }
    )
    folder.mkdir(parents=True, exist_ok=True)
    claim(
        folder / "pictures.json",
        depends,
        what="pictures",
        remedy="Choose another --out, or delete the folder",
    )
    n_bytes, row = 3 * size_px**2, 4 * generator.w_dim
    with (folder / "pictures.u8").open("ab") as pictures, (folder / "latents.f32").open("ab") as latents:
        n_done = min(n, pictures.tell() // n_bytes, latents.tell() // row)
        if n_done < n:
            # What a stop left half-written.
            pictures.truncate(n_done * n_bytes)
            latents.truncate(n_done * row)
        for first in range(n_done, n, _AT_ONCE):
            some = range(first, min(first + _AT_ONCE, n))
            w = torch.cat([drawn_latent(generator, seed, i) for i in some])
            pictures.write(small_pictures(generator, w, size_px, machine).tobytes())
            latents.write(np.ascontiguousarray(w[:, 0].cpu().numpy()).tobytes())
            pictures.flush()
            latents.flush()
            if on_picture:
                on_picture(some.stop, n)
    shape = (n, 3, size_px, size_px)
    return GeneratedPictures(
        np.memmap(folder / "pictures.u8", np.uint8, "r", shape=shape),
        np.fromfile(folder / "latents.f32", np.float32, n * generator.w_dim).reshape(n, -1),
        f"{depends.digest} {n}",
    )


def drawn_latent(generator: Generator, seed: int, index: int) -> Tensor:
    """The latent ``[1, l, v]`` of one of them: as far from the mean as photos are."""
    return sample_w(generator, seed, index, _TRUNCATION, "pictures of an encoder")


@torch.no_grad()
def small_pictures(generator: Generator, w: Tensor, size_px: int, machine: Machine) -> NDArray[np.uint8]:
    """Pictures uint8 ``[b, 3, s, s]`` of latents."""
    least_px = generator.levels[0].size_px
    images = images_of(synthesise_on(machine, generator, w, features_px=least_px))
    return to_bytes(at_size(images, size_px)).cpu().numpy()

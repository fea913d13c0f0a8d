"""Unseen pictures: generated, never labelled or chosen on, with what the parser sees in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from experiments.annotator import Annotator
from experiments.arrays import load_arrays, save_arrays
from experiments.bisenet import face_parts_of
from experiments.protocol import Protocol
from partly.models.generators import Generator, Truncation, images_of, pixels_of, sample_w


@dataclass(frozen=True, eq=False)
class UnseenPicture:
    """An unseen picture.

    Attributes:
        name: "unseen 7".
        w: ``[1, l, v]``.
        ids: the parser's 19 ids, uint8 ``[s, s]``.
        pixels: uint8 ``[s, s, 3]``.
    """

    name: str
    w: Tensor
    ids: NDArray[np.uint8]
    pixels: NDArray[np.uint8]

    @property
    def truth(self) -> NDArray[np.uint8]:
        """The ten parts of a face, 255 where the parser sees eyeglasses."""
        return face_parts_of(self.ids)


def unseen_pictures(
    generator: Generator,
    annotator: Annotator,
    protocol: Protocol,
    file: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[UnseenPicture]:
    """The protocol's unseen pictures; label maps and pixels are kept in ``file``, an npz."""
    arrays = load_arrays(file, ("ids", "pixels"))
    n, truncation = protocol.n_unseen, Truncation(*protocol.unseen_truncation)
    latents = [sample_w(generator, protocol.unseen_seed, i, truncation, "unseen pictures") for i in range(n)]
    if arrays is None:
        seen = []
        for i, w in enumerate(latents):
            seen.append(_seen(generator, annotator, w, protocol.label_px))
            on_progress(i + 1, n)
        arrays = {name: np.stack([one[name] for one in seen]) for name in ("ids", "pixels")}
        save_arrays(file, arrays)
    both = zip(latents, arrays["ids"], arrays["pixels"], strict=True)
    return [UnseenPicture(f"unseen {i}", w, ids, pixels) for i, (w, ids, pixels) in enumerate(both)]


@torch.inference_mode()
def _seen(
    generator: Generator, annotator: Annotator, w: Tensor, size_px: int
) -> dict[str, NDArray[np.uint8]]:
    synthesis = generator.synthesise(w, features_px=4)
    ids = annotator.parse_ids(images_of(synthesis), size_px)[0]
    return {"ids": ids, "pixels": pixels_of(synthesis, size_px)}

"""Photos as squares with soft labels, made once on disk and read from there: what a network learns from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from partly.data.labels import LabelMap
from partly.data.photos import PhotoSet, padded_place
from partly.storage import Provenance, complete_lines
from partly.synthesis.distil.painted_pictures import LEAST_SHARE, painted_planes
from partly.synthesis.shards.labelled_synthesis import follow
from partly.synthesis.shards.synthesis_config import OnPicture

Say = Callable[[int], Tensor]
"""Logits ``[k, t, t]`` of the square of a photo, by its place in the photo set."""

_LOGITS, _LOG = "logits.f16", "logits.jsonl"
_DONE = "1\n"


@dataclass(frozen=True, eq=False)
class LabelledPhotos:
    """Photos in squares, their edges repeated outwards, with soft labels; nothing of it is held in memory.

    Attributes:
        photos: uint8 squares ``[n, s, s, 3]``.
        logits: float16 ``[n, k, t, t]``, mapped from disk; their softmax is the label.
    """

    photos: PhotoSet
    logits: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.photos)

    def read(self, indexes: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """As :meth:`partly.training.segmentation.LabelledPictures.read`."""
        chosen = list(indexes)
        images = torch.from_numpy(np.array(self.photos.squares[chosen])).permute(0, 3, 1, 2)
        logits = torch.from_numpy(np.array(self.logits[chosen]))
        return images.contiguous(), logits, torch.ones(len(chosen))


def label_photos(
    photos: PhotoSet,
    say: Say,
    shape: tuple[int, int],
    folder: Path,
    made_from: dict[str, Any],
    on_picture: OnPicture | None = None,
) -> LabelledPhotos:
    """Label every photo of a set; after a stop, the same call goes on.

    Args:
        photos: the photos, in squares of any size.
        say: labels one of them.
        shape: number of parts ``k``, and side ``t`` of the labels.
        folder: where the labels are kept; other labels in it are replaced.
        made_from: what the labels follow from: plain JSON values.
        on_picture: told after each photo.

    Raises:
        PartlyError: the disk is full, or the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n_parts, side_px = shape
    identity = json.loads(json.dumps({**made_from, "photos": photos.digest, "shape": list(shape)}))
    n_done = _n_done(folder / _LOG, identity)
    if n_done < len(photos):
        written = _write(folder, identity, range(n_done, len(photos)), say, 2 * n_parts * side_px**2)
        follow(written, len(photos), n_done, on_picture)
    logits = np.memmap(folder / _LOGITS, np.float16, "r", shape=(len(photos), n_parts, side_px, side_px))
    return LabelledPhotos(photos, logits)


def _write(folder: Path, identity: dict[str, Any], indexes: range, say: Say, n_bytes: int) -> Iterator[int]:
    """Write the labels of these photos after those of the ones before; a 1 for each that is on the disk."""
    (folder / _LOGITS).touch()
    with (folder / _LOGITS).open("r+b") as kept, (folder / _LOG).open("w", encoding="utf-8") as log:
        kept.truncate(indexes.start * n_bytes)
        kept.seek(0, 2)
        log.write(json.dumps(identity) + "\n" + _DONE * indexes.start)
        for index in indexes:
            kept.write(say(index).half().contiguous().numpy().tobytes())
            # Only what is on disk counts as done.
            kept.flush()
            log.write(_DONE)
            log.flush()
            yield 1


def _n_done(log: Path, identity: dict[str, Any]) -> int:
    """How many photos an earlier call of the same identity labelled."""
    first, *rest = complete_lines(log) or ["null"]
    try:
        held = json.loads(first)
    except ValueError:
        return 0
    if not isinstance(held, dict) or not Provenance(identity).matches(held):
        return 0
    return len(rest)


def shares_in_square(shares: Tensor, height: int, width: int, side_px: int) -> Tensor:
    """Shares of a whole photo as those of the square that it is padded to.

    Args:
        shares: of the photo's unit square, or of its pixels, ``[k, h, w]``.
        height: of the photo.
        width: of the photo.
        side_px: of the square.

    Returns:
        ``[k, side_px, side_px]``; what the photo's edges were repeated to is labelled as the edges are.
    """
    rows, columns = padded_place(height, width, side_px)
    size = (rows.stop - rows.start, columns.stop - columns.start)
    inside = F.interpolate(shares[None], size, mode="bilinear", antialias=True)
    around = (columns.start, side_px - columns.stop, rows.start, side_px - rows.stop)
    return F.pad(inside, around, mode="replicate")[0]


def painted_shares(label_map: LabelMap, said: Tensor) -> Tensor:
    """Shares of the parts of a painted photo ``[k, h, w]``: what was painted, and elsewhere what was said.

    Args:
        label_map: uint8 ``[h, w]``; 255 where nothing was painted.
        said: probabilities ``[k, s, s]`` of the photo's unit square.
    """
    planes, unlabelled = painted_planes(label_map, len(said))
    if unlabelled.any():
        everywhere = F.interpolate(said[None], label_map.shape, mode="bilinear")[0]
        planes[:, unlabelled] = everywhere[:, unlabelled]
    return planes


def log_shares(shares: Tensor) -> Tensor:
    """Logits whose softmax are the shares ``[k, h, w]``."""
    return (shares / shares.sum(0)).clamp_min(LEAST_SHARE).log()

"""A network for faces on photos with human part masks: ``python -m benchmarks.faces NETWORK --data FOLDER``.

Photos and masks are the choices half of ``faces_labelled_512.zip`` (see :mod:`experiments.photos`; research
only), which is no part of Partly, so that choices may be made by these figures. Told are the pooled IoU, that
per photo, and the pooled one of each part; eyeglasses are left out of the count.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from experiments.photos import LabelledPhoto
from experiments.photos import photos as photos_of_half
from experiments.protocol import PARTS_OF_IDS
from experiments.scoring import figures_of

from partly.data.labels import FACE_PARTS, resize_label_map
from partly.data.photos import grid, overlay, resize_pixels, write_png
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.inference.segment import PartNetwork, segment_photo
from partly.models.networks import load_network
from partly.storage import write_json

_N_PANELS = 12


def pairs_of(
    network: PartNetwork, photos: Iterator[LabelledPhoto], photo_px: int, rows: list[np.ndarray]
) -> Iterator[EvaluationPair]:
    """Photos of ``photo_px`` with what is found and the truth; the first are painted into ``rows``."""
    truths = TruthMapping(PARTS_OF_IDS, FACE_PARTS)
    for photo in photos:
        pixels = resize_pixels(photo.pixels, photo_px, photo_px)
        truth = resize_label_map(truths.apply(photo.ids, photo.name), (photo_px, photo_px))
        found = segment_photo(network, pixels, mirror_average=True).label_map
        if len(rows) < 3 * _N_PANELS:
            painted = (overlay(pixels, ids, FACE_PARTS.colours, 1.0) for ids in (truth, found))
            rows.extend((pixels, *painted))
        yield EvaluationPair(photo.name, None, found, truth)


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    options.add_argument("network", type=Path, help="model folder of an auto-shot network of face parts")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--photo-px", type=int, default=256, help="side that photos are brought to")
    options.add_argument("--photos", type=int, default=250, help="how many, of 250")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    network = load_network(asked.network).for_inference()
    rows: list[np.ndarray] = []
    photos = iter(photos_of_half(asked.data, "choices", asked.photos))
    result = figures_of(evaluate(pairs_of(network, photos, asked.photo_px, rows), FACE_PARTS, n_worst=0))
    print(result)
    write_json(asked.out / "faces.json", result)
    write_png(asked.out / "faces.png", grid(rows, n_columns=6))


if __name__ == "__main__":
    main()

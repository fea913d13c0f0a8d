"""A network for faces on photos with human part masks: ``python -m benchmarks.faces NETWORK --data FOLDER``.

Photos and masks are the choices half of ``faces_labelled_512.zip`` (see :mod:`experiments.photos`; research
only), which is no part of Partly, so that choices may be made by these figures. With ``--half figure`` they
are the other half: once, for a network that is final. Told are the pooled IoU, that per photo, and the pooled
one of each part; eyeglasses are left out of the count.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from experiments.photos import photos
from experiments.protocol import HALVES
from experiments.scoring import figures_of, photo_pairs

from partly.data.labels import FACE_PARTS
from partly.data.photos import grid, overlay, write_png
from partly.evaluation.segmentation import EvaluationPair, evaluate
from partly.inference.segment import load_part_network
from partly.storage import write_json

_N_PANELS = 12


def painted(pairs: Iterable[EvaluationPair], rows: list[np.ndarray]) -> Iterator[EvaluationPair]:
    """The pairs, of which the first are painted into ``rows``: photo, truth, what was found."""
    for pair in pairs:
        if len(rows) < 3 * _N_PANELS:
            assert pair.read_photo is not None, "photos are read"
            pixels = pair.read_photo()
            label_maps = (pair.truth, pair.prediction)
            rows += [pixels, *(overlay(pixels, ids, FACE_PARTS.colours, 1.0) for ids in label_maps)]
        yield pair


def main(arguments: Sequence[str] | None = None) -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.faces", description=__doc__)
    options.add_argument("network", type=Path, help="model folder of a network of face parts")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--photo-px", type=int, default=256, help="side that photos are brought to")
    options.add_argument("--half", choices=HALVES, default="choices", help="of the photos")
    options.add_argument("--photos", type=int, default=250, help="how many, of 250")
    options.add_argument("--thorough", action="store_true", help="as partly segment --thorough")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args(arguments)
    torch.set_num_threads(1)
    network = load_part_network(asked.network).for_inference()
    rows: list[np.ndarray] = []
    some = photos(asked.data, asked.half, asked.photos)
    pairs = photo_pairs(network, some, asked.photo_px, thorough=asked.thorough)
    result = figures_of(evaluate(painted(pairs, rows), FACE_PARTS, n_worst=0))
    print(result)
    write_json(asked.out / "faces.json", result)
    write_png(asked.out / "faces.png", grid(rows, n_columns=6))


if __name__ == "__main__":
    main()

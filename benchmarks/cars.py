"""A network for cars on photos with human part masks: ``python -m benchmarks.cars NETWORK --data FOLDER``.

Photos and masks are 400 of the Car-Parts-Segmentation data (research only) as ``cars_labelled_128.zip``,
which is no part of Partly. Its eighteen parts become four: wheels; lights; glass, the windows before and
behind; and body, which is all else that it names. It leaves roofs and fenders out, so that these are
background here, and no network that knows whole bodies comes near to all of this truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from experiments.photos import read_labelled_photos

from partly.data.labels import LabelMap, PartSet
from partly.data.photos import grid, overlay, write_png
from partly.evaluation.segmentation import evaluate
from partly.inference.segment import segment_photo
from partly.models.networks import load_network
from partly.storage import write_json

PARTS = PartSet.from_names(("background", "body", "glass", "light", "wheel"))
FILE_NAME = "cars_labelled_128.zip"
_BACKGROUND, _GLASS, _LIGHTS, _WHEEL = (0, 1), (3, 9), (5, 7, 11, 13), 19
_N_PANELS = 12
_LARGER = np.ones((2, 2, 1), np.uint8)


def merged(ids: np.ndarray) -> LabelMap:
    """The data's ids ``[h, w]`` as those of :data:`PARTS`."""
    table = np.full(256, PARTS.index("body"), np.uint8)
    table[list(_BACKGROUND)] = 0
    table[list(_GLASS)], table[list(_LIGHTS)] = PARTS.index("glass"), PARTS.index("light")
    table[_WHEEL] = PARTS.index("wheel")
    return table[ids]


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.cars", description=__doc__)
    options.add_argument("network", type=Path, help="model folder of an auto-shot network of these parts")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    network = load_network(asked.network).for_inference()
    rows: list[np.ndarray] = []

    def pairs() -> Iterator[tuple[str, Callable[[], np.ndarray], LabelMap, LabelMap]]:
        for photo in read_labelled_photos(asked.data / FILE_NAME):
            found, truth = segment_photo(network, photo.pixels).label_map, merged(photo.ids)
            if len(rows) < 3 * _N_PANELS:
                painted = [overlay(photo.pixels, ids, PARTS.colours, 1.0) for ids in (truth, found)]
                rows.extend(np.kron(p, _LARGER) for p in (photo.pixels, *painted))
            yield photo.name, partial(np.asarray, photo.pixels), found, truth

    found = evaluate(pairs(), PARTS)
    result = {
        "pooled": found.mean_iou.pooled,
        "per_photo": found.mean_iou.per_photo,
        "parts": {part.name: part.iou for part in found.parts},
    }
    print(result)
    write_json(asked.out / "cars.json", result)
    write_png(asked.out / "cars.png", grid(rows, n_columns=6))


if __name__ == "__main__":
    main()

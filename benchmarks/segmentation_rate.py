"""Photos a second from JPEG files to label maps, by each engine, and what each engine costs in IoU.

``python -m benchmarks.segmentation_rate NETWORK --data FOLDER`` copies photos of the choices half of
``faces_labelled_512.zip``, 512 px a side, into a folder until there are enough, and segments them with
``segment_all`` as the command does, without overlays. IoU is that with the masks of people on the choices
half, pooled, eyeglasses left out. Nothing else should run beside it; the load before each run is told.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from experiments.photos import photos, photos_file
from experiments.protocol import PARTS_OF_IDS, PROTOCOL

from partly.data.labels import FACE_PARTS
from partly.data.photos import PhotoSources, find_photos
from partly.evaluation.segmentation import EvaluationPair, TruthMapping, evaluate
from partly.inference.engines import EngineOptions, engine_file, open_engine
from partly.inference.segment import PartNetwork, segment_all, segment_photo
from partly.machine import keep_large_tensors, usable_processors
from partly.models.networks import load_network
from partly.storage import write_json

ENGINES = ("torch", "onnxruntime", "openvino", "int8")


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.segmentation_rate", description=__doc__)
    options.add_argument("network", type=Path, help="folder of an auto-shot network of faces")
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--n", type=int, default=10_000, help="photos")
    options.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    options.add_argument("--at-once", nargs="+", type=int, default=[usable_processors() + 1])
    options.add_argument("--no-iou", action="store_true")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    keep_large_tensors()  # as the command does
    folder = Path(tempfile.mkdtemp(prefix="segmentation-rate-"))
    try:
        found = make_folder(folder / "photos", asked.data, asked.n)
        rows = list(measured(asked, found, folder))
    finally:
        shutil.rmtree(folder)
    write_json(asked.out / "segmentation-rate.json", {"photos": asked.n, "rows": rows})


def make_folder(folder: Path, data: Path, n_photos: int) -> PhotoSources:
    """The photos as JPEG files, again and again under other names."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(photos_file(data)) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        files = [archive.read(name) for name in names[: PROTOCOL.n_choices]]
    for number, content in enumerate(islice(cycle(files), n_photos)):
        (folder / f"{number:06}.jpg").write_bytes(content)
    return find_photos(folder)


def measured(asked: argparse.Namespace, found: PhotoSources, folder: Path) -> Iterator[dict[str, Any]]:
    """A row for each engine and number of photos at once; told as they come."""
    network = load_network(asked.network)
    for engine in asked.engines:
        notes: list[str] = []
        file = engine_file(
            network, EngineOptions(engine), lambda: found, folder / f"{engine}-file", notes.append
        )
        by_engine = network if file is None else open_engine(file)
        iou = None if asked.no_iou else pooled_iou(by_engine, asked.data)
        for at_once in asked.at_once:
            row = {"engine": engine, "size_px": network.size_px, "at_once": at_once}
            row |= timed(by_engine, found, folder / f"{engine}-{at_once}", at_once)
            row |= {"pooled_iou": iou, "notes": notes}
            print(row, flush=True)
            yield row


def timed(network: PartNetwork, found: PhotoSources, out: Path, at_once: int) -> dict[str, Any]:
    """Photos a second, and processor time; the first few photos, before which nothing is warm, included."""
    load = os.getloadavg()[0]
    before, began = _processor_s(), time.perf_counter()
    summary = segment_all(network, found, out, overlay=False, at_once=at_once)
    time_s, processor_s = time.perf_counter() - began, _processor_s() - before
    assert len(summary.segmented) == len(found), summary.failed[:3]
    shutil.rmtree(out)
    return {
        "photos_per_s": round(len(found) / time_s, 1),
        "processor_ms_a_photo": round(1000 * processor_s / len(found), 1),
        "load_before": round(load, 2),
    }


def pooled_iou(network: PartNetwork, data: Path) -> float:
    """Mean over the ten parts of the IoU pooled over the choices half, in percent."""
    mapping = TruthMapping(PARTS_OF_IDS, FACE_PARTS)
    pairs = (
        EvaluationPair(
            photo.name,
            lambda photo=photo: photo.pixels,
            segment_photo(network, photo.pixels).label_map,
            mapping.apply(photo.ids, photo.name),
        )
        for photo in photos(data, "choices")
    )
    return round(100 * evaluate(pairs, FACE_PARTS, n_worst=0).mean_iou.pooled, 2)


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

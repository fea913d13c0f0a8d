"""From one painted photo to masks of a whole folder, and to a network: time and memory.

``python -m benchmarks.photo_project --data FOLDER`` takes photos of ``cars_unlabelled_128.zip`` and one
labelled car of ``cars_labelled_128.zip``. What is told: seconds until the few-shot segmenter is fitted, until
all photos have masks, and until there is a network; and processor seconds of all threads, which do not depend
on what else the machine does.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from experiments.objects import KINDS, object_photos

from partly.data.labels import write_label_map
from partly.data.photos import find_photos, write_png
from partly.inference.segment import segment_all
from partly.models.zoo import load_encoder
from partly.project import (
    PhotoOptions,
    SegmentChoice,
    Settings,
    create_project,
    distil_config,
    distil_project,
    fit_project,
    import_labels,
    segmenting_network,
    usual_choices,
)
from partly.storage import write_json


def make_folder(folder: Path, data: Path, n_photos: int) -> Path:
    """Photos of cars as files, the first one labelled; returns the label file."""
    cars = object_photos(data, "cars", load_encoder("dinov2-small"), folder / "features")
    labelled = cars.known[str(cars.labelled(1, 0)[0].photo)]
    write_png(folder / "photos" / "labelled.png", labelled.read().pixels)
    others = find_photos(data / KINDS["cars"].others)[: n_photos - 1]
    for number, photo in enumerate(others):
        write_png(folder / "photos" / f"{number:05}.png", photo.read().pixels)
    write_label_map(folder / "labelled.png", cars.truths[labelled.name], KINDS["cars"].part_set)
    return folder / "labelled.png"


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.photo_project", description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--n", type=int, default=300, help="photos")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--no-network", action="store_true")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    torch.set_num_threads(asked.threads)
    folder = Path(tempfile.mkdtemp(prefix="photo-project-"))
    figures: dict[str, float] = {"photos": asked.n, "threads": asked.threads}
    try:
        label = make_folder(folder, asked.data, asked.n)
        few_shot, auto_shot = usual_choices("", on_photos=True)
        photos = PhotoOptions(folder="../photos")
        settings = Settings("", KINDS["cars"].part_set, few_shot, auto_shot, photos=photos)
        project = create_project(folder / "project", settings)
        import_labels(project, [label])
        with timed("fitted", figures):
            fit_project(project)
        with timed("masks of all", figures):
            network = segmenting_network(project.folder, SegmentChoice(segmenter="teacher")).network
            segment_all(
                network, find_photos(folder / "photos"), folder / "out", refine=True, mirror_average=False
            )
        if not asked.no_network:
            with timed("network", figures):
                distil_project(project, distil_config(project))
        figures["peak MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        figures["features MB"] = sum(p.stat().st_size for p in project.features.rglob("*")) / 1e6
    finally:
        shutil.rmtree(folder)
    for name, value in figures.items():
        print(f"{name}: {value:.0f}")
    write_json(asked.out / "photo_project.json", figures)


@contextmanager
def timed(name: str, figures: dict[str, float]) -> Iterator[None]:
    """Seconds and processor seconds of a step, under its name."""
    wall, processor = time.monotonic(), time.process_time()
    yield
    figures[f"{name}, s"] = time.monotonic() - wall
    figures[f"{name}, processor s"] = time.process_time() - processor


if __name__ == "__main__":
    main()

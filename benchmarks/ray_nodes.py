"""Two nodes of Ray of one core each against one process of one core: photos of 512 px into tars.

``python -m benchmarks.ray_nodes`` draws photos into tars, segments them by this process with one thread, then
by a cluster of two nodes on this machine, and tells photos a second of both: of the whole call, and between
the first tar and the last, which leaves out joining the cluster and reading the network. It checks that the
tars are the same. The bar is more than 1.8 times as many between first and last. Two processes without Ray
stand beside, as what this machine has to give at the time: others may be at work on it.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.ray_cluster import two_nodes
from partly.data.labels import FACE_PARTS
from partly.inference.segment import Progress, TarOptions, load_part_network, plan_segmenting, segment_many
from partly.machine import WorkOptions, one_thread
from partly.models.networks import AutoShotNetwork
from partly.storage import write_json

_PHOTO_PX, _NETWORK_PX = 512, 192
_FILE = "ray-nodes.json"


@dataclass(frozen=True)
class Pace:
    """How fast one call was.

    Attributes:
        whole: photos a second of the whole call.
        at_work: photos a second after the first tar.
    """

    whole: float
    at_work: float


def measure(network: Path, tars: Sequence[Path], out: Path, per_tar: int, work: WorkOptions) -> Pace:
    """Segment all tars.

    Args:
        network: a model folder.
        tars: the photos.
        out: where the results go.
        per_tar: photos of a tar.
        work: who does it.
    """
    ends: dict[str, float] = {}

    def note(progress: Progress) -> None:
        # A photo of the first tar, and then the last of all.
        if progress.n_done >= per_tar:
            ends.setdefault("first", time.monotonic())
        ends["last"] = time.monotonic()

    began = time.monotonic()
    plan = plan_segmenting(tars, out, TarOptions(), max_pages=1)
    load = partial(load_part_network, network)
    with one_thread():
        summary = segment_many(load(), load, plan, out, work, progress=note)
    n_photos = len(tars) * per_tar
    assert len(summary.segmented) == n_photos, summary.failed
    ended = time.monotonic()
    return Pace(n_photos / (ended - began), (n_photos - per_tar) / (ends["last"] - ends["first"]))


def draw_tars(folder: Path, n_tars: int, per_tar: int) -> list[Path]:
    """Photos of noise that is smooth, as JPEGs of about the size of real ones."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    random = np.random.default_rng(0)
    for n in range(n_tars):
        path = folder / f"photos-{n:03}.tar"
        with tarfile.open(path, "w") as archive:
            for i in range(per_tar):
                coarse = random.integers(0, 256, (64, 64, 3), np.uint8)
                file = io.BytesIO()
                Image.fromarray(coarse).resize((_PHOTO_PX, _PHOTO_PX), Image.Resampling.BICUBIC).save(
                    file, "JPEG", quality=90
                )
                header = tarfile.TarInfo(f"{n:03}-{i:04}.jpg")
                header.size = len(file.getvalue())
                file.seek(0)
                archive.addfile(header, file)
        paths.append(path)
    return paths


def figures(folder: Path, n_tars: int, per_tar: int) -> dict[str, Any]:
    """Photos a second of one process and of two nodes, and how many times the one the other is."""
    tars = draw_tars(folder / "photos", n_tars, per_tar)
    AutoShotNetwork("lite0-unet", FACE_PARTS, _NETWORK_PX).save(folder / "network")
    load_before = os.getloadavg()
    one = measure(folder / "network", tars, folder / "one", per_tar, WorkOptions(n_workers=1))
    beside = measure(folder / "network", tars, folder / "beside", per_tar, WorkOptions(n_workers=2))
    with two_nodes() as cluster:
        two = measure(folder / "network", tars, folder / "two", per_tar, WorkOptions(ray=cluster.address))
    same = all(
        (folder / "one" / path.name).read_bytes() == (folder / "two" / path.name).read_bytes()
        for path in tars
    )
    return {
        "photos": n_tars * per_tar,
        "one process, photos/s": round(one.at_work, 2),
        "two processes, photos/s": round(beside.at_work, 2),
        "two nodes, photos/s": round(two.at_work, 2),
        "times as many": round(two.at_work / one.at_work, 3),
        "times as many, whole call": round(two.whole / one.whole, 3),
        "same files": same,
        "load average before": [round(load, 2) for load in load_before],
        "load average after": [round(load, 2) for load in os.getloadavg()],
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tars", type=int, default=40)
    parser.add_argument("--per-tar", type=int, default=25)
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = figures(Path(folder), asked.tars, asked.per_tar)
    for name, value in found.items():
        print(f"{name}: {value}")
    asked.out.mkdir(parents=True, exist_ok=True)
    write_json(asked.out / _FILE, found)


if __name__ == "__main__":
    main()

"""What a million photos, or a generator of 1024 px, take on many machines: a forecast from measured pieces.

- ``python -m benchmarks.plan measure --network NETWORK --photos FOLDER`` measures one process of ``partly
  segment`` on few and on many photos, and on small and large tars, and one picture of the generator with its
  label; the costs of a photo, a piece and a start follow by differences.
- ``python -m benchmarks.plan check ...`` forecasts two processes from them, runs two, and tells both.
- ``python -m benchmarks.plan forecast`` prints the tables of docs/how-to/know-memory-time-and-disk.md from
  what was measured (bench-out/plan-costs.json).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.planning.costs import Cluster, Costs
from benchmarks.planning.simulation import Forecast, simulated
from benchmarks.planning.training_forecast import PUBLISHED, days
from partly.storage import write_json

_FEW, _MANY = 100, 500
_SMALL, _LARGE = 20, 100
_WORKS = (("photos", 1_000_000, 1000), ("photos", 1_000_000, 100), ("pictures", 100_000, 100))
MACHINES = (1, 8, 64, 256, 1024)
CORES = 16


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    options.add_argument("what", choices=("measure", "check", "forecast"))
    options.add_argument("--network", type=Path)
    options.add_argument("--photos", type=Path, help="folder of JPEGs; they are taken again and again")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    asked = options.parse_args()
    file = asked.out / "plan-costs.json"
    if asked.what == "measure":
        costs = {"photos": measured_photos(asked.network, asked.photos), "pictures": measured_pictures()}
        write_json(file, {name: asdict(each) for name, each in costs.items()})
        print(costs)
        return
    costs = {name: Costs(**values) for name, values in json.loads(file.read_text()).items()}
    if asked.what == "check":
        found = checked(costs["photos"], asked.network, asked.photos)
        write_json(asked.out / "plan-check.json", found)
        print(found)
        return
    print("\n".join(tables(costs)))


def measured_photos(network: Path, photos: Path) -> Costs:
    """Of one process that segments photos into tars."""
    with _folder(photos, _MANY) as folder, _another_beside(network, folder):
        few = _run(network, folder, _FEW, _LARGE, 1)
        many = _run(network, folder, _MANY, _LARGE, 1)
        small = _run(network, folder, _MANY, _SMALL, 1)
        in_bytes = sum(path.stat().st_size for path in folder.iterdir()) / _MANY
    more_pieces = _MANY / _SMALL - _MANY / _LARGE
    piece_s = max(0.0, (small.time_s - many.time_s) / more_pieces)
    between = (many.time_s - few.time_s - piece_s * (_MANY - _FEW) / _LARGE) / (_MANY - _FEW)
    start_s = few.time_s - _FEW * between - piece_s * _FEW / _LARGE
    return Costs(start_s, between, piece_s, in_bytes, many.out_bytes / _MANY)


def measured_pictures() -> Costs:
    """Of one process that makes pictures of 1024 px with soft labels of 256 px."""
    import torch

    from partly.api import load_annotations
    from partly.data.labels import FACE_PARTS
    from partly.fewshot.fitting import fit_teacher
    from partly.machine import keep_large_tensors
    from partly.models.zoo import load_generator
    from partly.synthesis.shards import Place, SynthesisConfig, synthesise_labelled

    keep_large_tensors()
    torch.set_num_threads(1)
    began = time.perf_counter()
    generator = load_generator("ffhq")
    start_s = time.perf_counter() - began + _IMPORTS_S
    teacher = fit_teacher(generator, load_annotations("faces")[:1], FACE_PARTS)
    with tempfile.TemporaryDirectory() as name:
        folder, times = Path(name), list[float]()
        place = Place(folder / "pictures", folder / "labels", folder / "training")
        for n in (4, 24):
            began = time.perf_counter()
            synthesise_labelled(teacher, SynthesisConfig(n_pictures=n, pictures_per_shard=4), place)
            times.append(time.perf_counter() - began)
        n_bytes = sum(path.stat().st_size for path in Path(name).rglob("*.tar")) / 24
    return Costs(start_s, times[1] / 20, 0.0, 0.0, n_bytes)


_IMPORTS_S = 2.0
"""Imports of torch and Partly in a new process."""


def checked(costs: Costs, network: Path, photos: Path) -> dict[str, float]:
    """The forecast for two processes, and what two really take."""
    n_photos, per_tar = 1200, 50
    forecast = simulated(costs, Cluster(1, 2, network_bytes_per_s=1e9), n_photos, per_tar)
    with _folder(photos, n_photos) as folder:
        load = os.getloadavg()[0]
        real = _run(network, folder, n_photos, per_tar, 2)
    return {
        "photos": n_photos,
        "forecast_s": round(forecast.wall_s, 1),
        "measured_s": round(real.time_s, 1),
        "off_percent": round(100 * (forecast.wall_s / real.time_s - 1), 1),
        "load_before": round(load, 2),
    }


def tables(costs: dict[str, Costs]) -> Iterator[str]:
    """The tables of the page, in Markdown."""
    for name, n, per_piece in _WORKS:
        yield f"\n{n:,} {name}, pieces of {per_piece}, machines of {CORES} cores, a disk of 500 MB/s for all"
        yield "| machines | time | a second | cores compute | disk busy | limited by |"
        yield "|---|---|---|---|---|---|"
        for n_machines in MACHINES:
            found = simulated(costs[name], Cluster(n_machines, CORES), n, per_piece)
            yield _row(n_machines, found)
    yield "\nA training at 512 and 1024 px, 25 million photos, batches of 32"
    yield "| GPUs (A100) | " + " | ".join(f"{speed.size_px} px" for speed in PUBLISHED) + " |"
    yield "|---|---|---|"
    for n_gpus in (1, 8, 16, 32, 64):
        told = [days(speed, n_gpus) for speed in PUBLISHED]
        cells = ("a batch cannot be shared" if one is None else f"{one:.1f} days" for one in told)
        yield f"| {n_gpus} | " + " | ".join(cells) + " |"


def _row(n_machines: int, found: Forecast) -> str:
    return (
        f"| {n_machines} | {_time(found.wall_s)} | {found.things_per_s:,.0f} | {100 * found.busy:.0f} % | "
        f"{100 * found.disk:.0f} % | {found.limited_by} |"
    )


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class _Run:
    """A finished run of ``partly segment``."""

    time_s: float
    out_bytes: int


def _run(network: Path, folder: Path, n_photos: int, per_tar: int, n_workers: int) -> _Run:
    """Segment the first photos of a folder into tars, in new processes."""
    chosen = sorted(folder.iterdir())[:n_photos]
    with tempfile.TemporaryDirectory() as name:
        photos, out = Path(name) / "photos", Path(name) / "out"
        photos.mkdir()
        for path in chosen:
            (photos / path.name).hardlink_to(path)
        began = time.perf_counter()
        subprocess.run(
            _command(network, photos, out, per_tar, n_workers), check=True, stdout=subprocess.DEVNULL
        )
        time_s = time.perf_counter() - began
        return _Run(time_s, sum(path.stat().st_size for path in out.rglob("*.tar")))


def _command(network: Path, photos: Path, out: Path, per_tar: int, n_workers: int) -> list[str]:
    program = [sys.executable, "-c", "from partly.cli.command_line import main; main()"]
    words = ["segment", network, photos, "--out", out, "--no-overlay", "--tars", "--per-tar", per_tar]
    return [*program, *map(str, words), "--workers", str(n_workers)]


@contextmanager
def _another_beside(network: Path, folder: Path) -> Iterator[None]:
    """Another process does the same while the block runs: cores that share memory slow each other."""
    code = (
        "import sys; from partly.models.networks import load_network; "
        "from partly.data.photos import find_photos; from partly.inference.segment import segment_photo\n"
        "network, photos = load_network(sys.argv[1]).for_inference(), find_photos(sys.argv[2])\n"
        "while True:\n    for one in photos: segment_photo(network, one.read())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(network), str(folder)], env=os.environ | {"OMP_NUM_THREADS": "1"}
    ) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _folder(photos: Path, n: int) -> Iterator[Path]:
    """A folder of so many photos while the block runs."""
    with tempfile.TemporaryDirectory() as name:
        for number, path in enumerate(islice(cycle(sorted(photos.glob("*.jpg"))), n)):
            shutil.copy(path, Path(name) / f"{number:05}.jpg")
        yield Path(name)


if __name__ == "__main__":
    main()

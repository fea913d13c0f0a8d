"""What it is worth that a process keeps the memory of large tensors: every long verb, in pairs.

``python -m benchmarks.large_tensors`` runs each verb with and without (``PARTLY_KEEP_MEMORY=0``), one after
the other and in turn, so that a noisy machine is as noisy to both, and gives the ratios of processor time,
wall time and peak memory: medians over the pairs. Below 1 it helps. Nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from partly.data.labels import FACE_PARTS
from partly.data.photos import write_png
from partly.data.portraits import draw_portraits
from partly.project import Settings, create_project, import_shipped, open_project
from partly.storage import write_json

_LIVE = (
    "from partly.machine import keep_large_tensors; keep_large_tensors(); "
    "from benchmarks.live import main; main()"
)


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        processor_s: of user and system, its children's too.
        wall_s: from start to end.
        peak_mib: the most memory that it, or a child of it, had at once.
    """

    processor_s: float
    wall_s: float
    peak_mib: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    options.add_argument("--generator", choices=("ffhq", "portraits"), default="ffhq")
    options.add_argument("--pairs", type=int, default=3)
    options.add_argument("--only", nargs="*", default=[], help="names of verbs")
    arguments = options.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        verbs = _verbs(Path(folder), arguments.generator)
        for name, prepared in verbs.items():
            if arguments.only and name not in arguments.only:
                continue
            found[name] = _compared(prepared, arguments.pairs)
            print(f"{name}: {found[name]}", flush=True)
    write_json(arguments.out / f"large-tensors-{arguments.generator}.json", found)


def _verbs(folder: Path, generator: str) -> dict[str, Callable[[], list[str]]]:
    """By name: makes ready for one run of a verb, and gives its command."""
    project = folder / "project"
    create_project(project, Settings(generator, FACE_PARTS))
    import_shipped(open_project(project), ids=("face-1",) if generator == "ffhq" else ())
    distil = ["--from-scratch", "--architecture", "lite0-unet", "--size", "128", "--workers", "1"]
    partly = [sys.executable, "-c", "from partly.cli.command_line import main; main()"]
    _run([*partly, "fit", str(project)], {})

    def ready_for_synthesis() -> list[str]:
        # The run of the fit stays, so that there is nothing to fit again.
        for path in (project / "labelled", *(project / "runs").glob("*-distil*")):
            shutil.rmtree(path, ignore_errors=True)
        return [*partly, "distil", str(project), *distil, "--n-pictures", "25", "--steps", "1"]

    def ready_for_training() -> list[str]:
        _run([*partly, "distil", str(project), *distil, "--n-pictures", "25", "--steps", "1"], {})
        return [*partly, "distil", str(project), *distil, "--n-pictures", "25", "--steps", "30", "--again"]

    def ready_to_segment() -> list[str]:
        photos = folder / "photos"
        if not photos.exists():
            for portrait in draw_portraits(40, 512, seed=3):
                write_png(photos / f"{portrait.name}.png", portrait.pixels)
        shutil.rmtree(folder / "segmented", ignore_errors=True)
        return [*partly, "segment", str(project), str(photos), "--out", str(folder / "segmented")]

    def ready_to_train(family: str, n_photos: str) -> list[str]:
        out = folder / f"generator-{family}"
        shutil.rmtree(out, ignore_errors=True)
        shown = ["--photos-shown", n_photos]
        return [*partly, "train", "portraits:200", str(out), "--family", family, *shown]

    return {
        "fit": lambda: [*partly, "fit", str(project), "--again"],
        "distil, synthesis": ready_for_synthesis,
        "distil, training": ready_for_training,
        "segment": ready_to_segment,
        "train, light": lambda: ready_to_train("light", "320"),
        "train, stylegan2": lambda: ready_to_train("stylegan2", "160"),
        "train, vae": lambda: ready_to_train("vae", "3200"),
        "label, live": lambda: [
            *(sys.executable, "-c", _LIVE, "--generator", generator, "--threads", "1"),
            *("--n", "10", "--out", str(folder / "live")),
        ],
    }


def _compared(prepared: Callable[[], list[str]], n_pairs: int) -> dict[str, float]:
    """Medians of the ratios, kept to not kept, and of what the runs without took."""
    pairs = []
    for number in range(n_pairs):
        costs = {}
        # A B, B A, A B: what changes slowly on the machine is in both.
        for is_kept in (False, True) if number % 2 == 0 else (True, False):
            command = prepared()
            costs[is_kept] = _run(command, {} if is_kept else {"PARTLY_KEEP_MEMORY": "0"})
        pairs.append((costs[True], costs[False]))

    def ratio(value: Callable[[Cost], float]) -> float:
        return round(statistics.median(value(kept) / value(other) for kept, other in pairs), 3)

    return {
        "processor": ratio(lambda cost: cost.processor_s),
        "wall": ratio(lambda cost: cost.wall_s),
        "peak memory": ratio(lambda cost: cost.peak_mib),
        "processor_s": round(statistics.median(other.processor_s for _, other in pairs), 1),
        "peak_mib": round(statistics.median(other.peak_mib for _, other in pairs)),
    }


def _run(command: list[str], variables: dict[str, str]) -> Cost:
    """Run a command to its end, its output left away."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{told[-2000:]}")
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - began, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()

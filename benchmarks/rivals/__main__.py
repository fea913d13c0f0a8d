"""Measure rivals of Partly, each in a process of its own; what was measured before is skipped."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.rivals.catalogue import MODULES, WITHOUT_LABELS
from benchmarks.rivals.protocol import GROWN, NONE, ONE, TEN, Half, label_sets, result_file

# This process stays small: Linux counts the memory of a parent at the start of its child as the child's peak.
Start = Callable[[Sequence[str]], int]


def main() -> None:
    arguments = _arguments()
    if not (arguments.data / "faces_labelled_512.zip").is_file():
        sys.exit(f"{arguments.data}: no faces_labelled_512.zip; name the folder that has it with --data")
    names = list(MODULES) if arguments.rival == "all" else [arguments.rival]
    sets = [label_set for asked in arguments.labels for label_set in label_sets(asked)]
    failed = run_all(list(wanted(names, sets)), arguments.data, arguments.half, arguments.out, start)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def wanted(names: Sequence[str], sets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Rival and label set of every measurement, set by set; rivals without labels are measured once."""
    for number, label_set in enumerate(sets):
        for name in names:
            if name not in WITHOUT_LABELS:
                yield name, label_set
            elif number == 0:
                yield name, NONE


def run_all(
    measurements: Sequence[tuple[str, str]], data: Path, half: Half, out: Path, start: Start
) -> list[str]:
    """Run what has no result yet; returns what failed."""
    missing = [(name, s) for name, s in measurements if not result_file(out, name, s, half).is_file()]
    where = ["--data", str(data), "--half", half, "--out", str(out)]
    if missing and start(["prepare", *where]):
        return ["prepare"]
    return [f"{name} {label_set}" for name, label_set in missing if start([name, label_set, *where])]


def start(arguments: Sequence[str]) -> int:
    """Run ``benchmarks.rivals.run`` with one thread; returns its exit code."""
    command = [sys.executable, "-m", "benchmarks.rivals.run", *arguments]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, check=False).returncode


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m benchmarks.rivals", description=__doc__)
    options.add_argument("rival", choices=("all", *MODULES))
    options.add_argument("--labels", nargs="+", choices=("one", TEN, GROWN, *ONE), default=["one", "ten"])
    options.add_argument("--data", type=Path, required=True, help="folder with faces_labelled_512.zip")
    options.add_argument("--half", choices=("choices", "figure"), default="choices")
    options.add_argument("--out", type=Path, default=Path("bench-out"))
    return options.parse_args()


if __name__ == "__main__":
    main()

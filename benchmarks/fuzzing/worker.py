"""One process that tries files in turn, and tells of each by a line of JSON before and after."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.fuzzing.originals import Original, originals
from benchmarks.fuzzing.targets import Targets
from benchmarks.fuzzing.trials import tried

_MORE_BYTES = 3 << 29


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--numbers", required=True, help="a JSON list")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, box = Path(folder) / "home", Path(folder) / "box"
        os.environ["PARTLY_CACHE"] = str(box / "cache")
        (box / "beside").mkdir(parents=True)
        (box / "beside" / "kept.txt").write_text("kept")
        (box / "out.png").write_text("kept")
        made = originals(home)
        targets = Targets(home)
        _warm(targets, made, box)
        _limit_memory()
        for number in json.loads(chosen.numbers):
            print(json.dumps({"begins": number}), flush=True)
            print(json.dumps(asdict(tried(targets, made, chosen.seed, number, box))), flush=True)


def _warm(targets: Targets, made: list[Original], box: Path) -> None:
    """Good files first: what is imported or started by then is not of the mutated ones. All must end well."""
    for one in made:
        folder = box / "good"
        folder.mkdir()
        targets.run(one, one.data, folder)
        shutil.rmtree(folder)


def _limit_memory() -> None:
    """Half a GiB beyond what is asked for, so that whoever takes more fails here and not the machine."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + _MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main()

"""Ten thousand files by mutation of good ones: each must end in a result or in an error with a name.

``python -m benchmarks.fuzz`` makes labels of all formats, photos of all kinds, zips, checkpoints, model
folders, ``project.toml``, part sets and requests to ``partly serve``, changes each (bits, lengths, values,
names), and gives it to Partly. It fails where it ends in any other error, says a warning, takes over 5 s of
processor time or 1 GiB, or touches anything outside of its folder. All follows from ``--seed`` and the number
of the file; ``--only NUMBER`` tries one again and shows it. Failures are kept as files. After a stop, the
same command goes on.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.fuzzing.trials import MOST_S
from partly.machine import usable_processors
from partly.storage import write_json

_BATCH = 100
_START_S = 120.0
# A busy machine gives a process less than all of a core.
_PATIENCE = 6.0


class Worker:
    """One process with its batch of files; it is stopped where it takes longer than any file may.

    Attributes:
        at: the number of the file that it is at; None between two.
        is_late: whether it was stopped.
    """

    def __init__(self, seed: int, numbers: Sequence[int]) -> None:
        words = [
            "-m",
            "benchmarks.fuzzing.worker",
            "--seed",
            str(seed),
            "--numbers",
            json.dumps(list(numbers)),
        ]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in ``trials``
        self._process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.at: int | None = None
        self.is_late = False
        self._since = time.monotonic()

    def trials(self) -> Iterator[dict[str, Any]]:
        """What it says of each file; a hang or a crash is a failure of the file that it was at."""
        assert self._process.stdout is not None
        watch = threading.Thread(target=self._watch)
        watch.start()
        for line in self._process.stdout:
            value: dict[str, Any] = json.loads(line)
            self._since = time.monotonic()
            self.at = value.get("begins")
            if self.at is None:
                yield value
        code = self._process.wait()
        watch.join()
        self._process.stdout.close()
        self._errors.seek(0)
        told = self._errors.read()[-3000:]
        self._errors.close()
        if self.at is not None:
            why = (
                f"it took over {_PATIENCE * MOST_S:g} s" if self.is_late else f"the process ended with {code}"
            )
            empty = {"target": "?", "name": "?", "changes": [], "time_s": 0.0, "n_bytes": 0}
            yield {"number": self.at, **empty, "end": "failed", "told": f"{why}\n{told}"}
        elif code:
            raise RuntimeError(f"a worker could not begin:\n{told}")

    def _watch(self) -> None:
        while self._process.poll() is None:
            most = _START_S if self.at is None else _PATIENCE * MOST_S
            if time.monotonic() - self._since > most:
                self.is_late = True
                self._process.kill()
            time.sleep(0.2)


def run(seed: int, numbers: Sequence[int], n_workers: int, log: Path) -> None:
    """Try files, and write a line for each to a log."""
    waiting = [list(numbers[i : i + _BATCH]) for i in range(0, len(numbers), _BATCH)]
    lock, n_done, n_failed = threading.Lock(), 0, 0

    def keep(trial: dict[str, Any]) -> None:
        nonlocal n_done, n_failed
        with lock, log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"seed": seed, **trial}) + "\n")
            n_done += 1
            n_failed += trial["end"] == "failed"
            if n_done % _BATCH == 0 or n_done == len(numbers):
                print(f"{n_done} of {len(numbers)} files, {n_failed} failed", flush=True)

    def work() -> None:
        while waiting:
            with lock:
                left = waiting.pop(0) if waiting else []
            while left:
                for trial in Worker(seed, left).trials():
                    keep(trial)
                    left = [number for number in left if number != trial["number"]]

    with ThreadPoolExecutor(n_workers) as pool:
        for done in [pool.submit(work) for _ in range(n_workers)]:
            done.result()


def known(log: Path, seed: int) -> list[dict[str, Any]]:
    """Trials of that seed that are done."""
    if not log.is_file():
        return []
    trials = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    return [trial for trial in trials if trial["seed"] == seed]


def summary(trials: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many files ended how."""
    ends = Counter(trial["end"] for trial in trials)
    by_target = Counter(trial["target"] for trial in trials)
    return {
        "files": len(trials),
        "by kind": dict(sorted(by_target.items())),
        "results": ends["result"],
        "named errors": ends["named"],
        "failed": ends["failed"],
        "longest, s": max(trial["time_s"] for trial in trials),
        "most memory, MiB": round(max(trial["n_bytes"] for trial in trials) / 2**20),
    }


def keep_failures(seed: int, trials: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write the failed files, each with how it ended beside it."""
    from benchmarks.fuzzing.originals import originals
    from benchmarks.fuzzing.trials import file_of

    failed = [trial for trial in trials if trial["end"] == "failed"]
    if not failed:
        return
    with tempfile.TemporaryDirectory() as home:
        made = originals(Path(home))
    folder.mkdir(parents=True, exist_ok=True)
    for trial in failed:
        original, data, changes = file_of(made, seed, trial["number"])
        stem = f"{seed}-{trial['number']}-{original.target}"
        (folder / f"{stem}-{original.name}").write_bytes(data)
        write_json(folder / f"{stem}.json", {**trial, "changes": changes, "name": original.name})


def try_one(seed: int, number: int) -> None:
    """Try one file here, and show how it ends."""
    from benchmarks.fuzzing.originals import originals
    from benchmarks.fuzzing.targets import Targets
    from benchmarks.fuzzing.trials import tried

    with tempfile.TemporaryDirectory() as folder:
        home, box = Path(folder) / "home", Path(folder) / "box"
        box.mkdir()
        made = originals(home)
        trial = tried(Targets(home), made, seed, number, box)
    print(f"{trial.number} {trial.target} {trial.name} {', '.join(trial.changes)}: {trial.end}\n{trial.told}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n", type=int, default=10_000, help="how many files")
    parser.add_argument("--workers", type=int, default=usable_processors())
    parser.add_argument("--only", type=int, help="try one file alone, by its number")
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    chosen = parser.parse_args(arguments)
    if chosen.only is not None:
        try_one(chosen.seed, chosen.only)
        return 0
    chosen.out.mkdir(parents=True, exist_ok=True)
    log = chosen.out / "fuzz.jsonl"
    done = {trial["number"] for trial in known(log, chosen.seed)}
    left = [number for number in range(chosen.n) if number not in done]
    if done and left:
        print(f"{len(done)} files were tried before; {len(left)} are left")
    run(chosen.seed, left, chosen.workers, log)
    trials = [trial for trial in known(log, chosen.seed) if trial["number"] < chosen.n]
    found = summary(trials)
    for name, value in found.items():
        print(f"{name}: {value}")
    write_json(chosen.out / "fuzz.json", {"seed": chosen.seed, **found})
    keep_failures(chosen.seed, trials, chosen.out / "fuzz-failures")
    return int(found["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())

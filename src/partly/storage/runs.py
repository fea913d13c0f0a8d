"""Run folders: what was asked, on which machine, what came of it; a run that was stopped is found again."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from partly.storage.files import read_json_or_none, write_json
from partly.storage.provenance import Provenance
from partly.storage.streams import FIRST_VERSION, streams_version

_STREAMS = "streams"
_PACKAGES = ("partly", "torch", "numpy", "pillow", "safetensors")


@dataclass(frozen=True)
class Run:
    """One run of a long verb.

    Attributes:
        folder: where it writes.
        verb: what is done.
        config: what was asked; plain JSON values.
    """

    folder: Path
    verb: str
    config: Mapping[str, Any]

    @property
    def streams(self) -> str:
        """Version of the random streams that it was begun with, and goes on with."""
        return str(self.config.get(_STREAMS, FIRST_VERSION))

    @property
    def result(self) -> dict[str, Any] | None:
        """What came of it; None while it is not finished."""
        return read_json_or_none(self.folder / "result.json")

    def finish(self, result: Mapping[str, Any]) -> None:
        """Write down what came of it, which ends the run."""
        write_json(self.folder / "result.json", dict(result))


def begin_run(runs: Path, verb: str, config: Mapping[str, Any], *, anew: bool = False) -> Run:
    """The latest run of this verb with this config, finished or not; a new one where there is none.

    Args:
        runs: folder of the runs.
        verb: what is done.
        config: everything that the result depends on; plain JSON values. The version of the random streams is
            written down beside it, and a run goes on with its own.
        anew: begin a new one where that run is finished; one that was stopped is gone on with even so.
    """
    provenance = Provenance({"verb": verb, **config, _STREAMS: streams_version()}, frozenset({_STREAMS}))
    asked = provenance.to_json()
    for folder in sorted(runs.glob(f"*-{verb}*"), reverse=True):
        held = read_json_or_none(folder / "config.json")
        if held is not None and provenance.matches(held):
            latest = Run(folder, verb, held)
            if anew and latest.result is not None:
                break
            return latest
    folder = _new_folder(runs, verb)
    write_json(folder / "environment.json", environment())
    # The config last: a folder with a config is one that can be gone on with.
    write_json(folder / "config.json", asked)
    return Run(folder, verb, asked)


def list_runs(runs: Path) -> list[Run]:
    """All runs, oldest first."""
    found = []
    for folder in sorted(runs.glob("*")):
        config = read_json_or_none(folder / "config.json")
        if config is not None:
            found.append(Run(folder, str(config.get("verb", "")), config))
    return found


def environment() -> dict[str, Any]:
    """Versions and machine, to explain differences between results later."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "processor": platform.machine(),
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _new_folder(runs: Path, verb: str) -> Path:
    runs.mkdir(parents=True, exist_ok=True)
    stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{verb}"
    for name in (stem, *(f"{stem}-{n}" for n in range(2, 1000))):
        try:
            (runs / name).mkdir()
        except FileExistsError:
            continue
        return runs / name
    raise RuntimeError(f"a thousand runs in one second in {runs}")

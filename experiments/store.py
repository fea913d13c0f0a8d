"""Figures of cells on disk: one JSON file each, which says what it was measured with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.experiment import Cell, Experiment, Figures, Row
from experiments.protocol import Half, Protocol
from partly.storage import Provenance, read_json_or_none, write_json


def results_folder(out: Path, experiment: Experiment, half: Half) -> Path:
    """Where the results of an experiment are; those of the figure half lie apart."""
    name = f"{experiment.name}-{half}" if experiment.reads_photos and half != "choices" else experiment.name
    return out / name


def settings_digest(experiment: Experiment, cell: Cell, protocol: Protocol) -> str:
    """SHA-256 of all that a cell's figures depend on, but for the code."""
    text = json.dumps([experiment.name, dict(cell.settings), protocol.digest], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def save_figures(folder: Path, cell: Cell, digest: str, figures: Figures, time_s: float) -> None:
    """Write what was found in a cell, atomically."""
    record = {
        "key": cell.key,
        "settings_sha256": digest,
        "settings": dict(cell.settings),
        "figures": figures,
        "time_s": round(time_s, 1),
    }
    write_json(folder / f"{cell.key}.json", record)


def load_figures(folder: Path, cell: Cell, digest: str) -> Figures | None:
    """What was found in a cell; None where it was not measured, or with other settings."""
    try:
        record: dict[str, Any] = json.loads((folder / f"{cell.key}.json").read_text(encoding="utf-8"))
        held = {"settings_sha256": record["settings_sha256"]}
        return record["figures"] if Provenance({"settings_sha256": digest}).matches(held) else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def with_kept_cells(experiment: Experiment, folder: Path, protocol: Protocol) -> Experiment:
    """The experiment with the cells that were measured for other benches, where it keeps them."""
    if not experiment.keeps_cells:
        return experiment
    own = {cell.key for cell in experiment.cells}
    kept = [cell for cell in _cells_in(folder) if cell.key not in own]
    known = [
        cell
        for cell in kept
        if load_figures(folder, cell, settings_digest(experiment, cell, protocol)) is not None
    ]
    return replace(experiment, cells=(*experiment.cells, *known))


def _cells_in(folder: Path) -> list[Cell]:
    records = [read_json_or_none(file) or {} for file in sorted(folder.glob("*.json"))]
    return [Cell(one["key"], one["settings"]) for one in records if {"key", "settings"} <= set(one)]


def rows_of(experiment: Experiment, folder: Path, protocol: Protocol) -> list[Row]:
    """All cells of an experiment, with what is known of them."""
    return [
        Row(cell, load_figures(folder, cell, settings_digest(experiment, cell, protocol)))
        for cell in experiment.cells
    ]

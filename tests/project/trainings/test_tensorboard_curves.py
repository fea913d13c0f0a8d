import importlib
from types import SimpleNamespace
from typing import ClassVar

import pytest

from partly.errors import NotAvailable
from partly.project.trainings.tensorboard_curves import TensorBoardCurves
from partly.training.recipes.training_plans import PlanStep


class Writer:
    """Stands in for TensorBoard's own."""

    written: ClassVar[list[tuple[str, float, int]]] = []

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def add_scalar(self, name: str, value: float, step: int) -> None:
        self.written.append((name, value, step))

    def flush(self) -> None:
        pass


def test_every_tenth_step_and_the_last_are_written_and_what_does_not_apply_is_not(monkeypatch, tmp_path):
    writer = SimpleNamespace(SummaryWriter=Writer)
    monkeypatch.setattr(importlib, "import_module", lambda _name: writer)
    monkeypatch.setattr(Writer, "written", [])
    curves = TensorBoardCurves(tmp_path / "board")
    for number in range(1, 24):
        values = {"step": number, "n_steps": 23, "loss": number / 2, "penalty": None}
        curves(PlanStep(number, 23, "", values))
    assert Writer.written == [("loss", 5.0, 10), ("loss", 10.0, 20), ("loss", 11.5, 23)]


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(
        NotAvailable, match=r"tensorboard is not installed. Install it: pip install 'partly\[tens"
    ):
        TensorBoardCurves(tmp_path)

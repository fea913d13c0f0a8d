"""TensorBoard: the curves of a training, for those who have it open anyway."""

from __future__ import annotations

import importlib
from functools import partial
from pathlib import Path
from typing import Any

from partly.errors import NotAvailable
from partly.training.recipes import PlanStep

_EVERY = 10


class TensorBoardCurves:
    """Writes steps to TensorBoard's event files.

    Args:
        folder: where the files are written.

    Raises:
        NotAvailable: the package tensorboard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        try:
            importlib.import_module("tensorboard")
            writing = importlib.import_module("torch.utils.tensorboard")
        except ImportError as error:
            raise NotAvailable(
                "the package tensorboard is not installed",
                remedy="Install it: pip install 'partly[tensorboard]'; the page of a training needs nothing",
            ) from error
        # Opened at the first step: until then the folder may still be refused.
        self._open = partial(writing.SummaryWriter, str(folder))
        self._writer: Any = None

    def __call__(self, step: PlanStep) -> None:
        """Write one step in ten, and the last."""
        if step.step % _EVERY and step.step != step.n_steps:
            return
        self._writer = self._writer or self._open()
        for name, value in step.values.items():
            if value is not None and name not in ("step", "n_steps"):
                self._writer.add_scalar(name, value, step.step)
        self._writer.flush()

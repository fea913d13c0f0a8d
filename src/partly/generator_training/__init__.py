"""From a folder of photos to a generator of their kind of object."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from partly.generator_training.choices import TrainingChoices
    from partly.generator_training.recipe_table import training_choices
    from partly.generator_training.run import TrainedGenerator, TrainingReports, train_generator

__all__ = [
    "TrainedGenerator",
    "TrainingChoices",
    "TrainingReports",
    "train_generator",
    "training_choices",
]

_HOMES = {
    "TrainedGenerator": "run",
    "TrainingChoices": "choices",
    "TrainingReports": "run",
    "train_generator": "run",
    "training_choices": "recipe_table",
}


def __getattr__(name: str) -> Any:
    """A name, imported from its home when it is first asked for: choices need no torch."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

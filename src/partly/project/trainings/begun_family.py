"""The family of a training of which nobody says it."""

from __future__ import annotations

from pathlib import Path

from partly.machine import MachineOptions
from partly.project.trainings.training_folder import TrainingFolder
from partly.training.recipes import RECIPES, ChosenFamily, TrainingChoices, usual_family


def family_of_training(
    folder: str | Path, size_px: int | None = None, machine_options: MachineOptions | None = None
) -> ChosenFamily:
    """That of the training which was begun in a folder, or else the usual one of the machine.

    So a training goes on with its family on a machine where another one is usual.

    Args:
        folder: of the training.
        size_px: side of the pictures; None: as by default.
        machine_options: where it is to be computed.

    Raises:
        BadOption: there is no such device, or no usual family has pictures of that size.
    """
    begun = (TrainingFolder(Path(folder)).choices() or {}).get("family")
    if begun in RECIPES:
        return ChosenFamily(begun, f"with which the training in {folder} was begun")
    return usual_family(TrainingChoices.size_px if size_px is None else size_px, machine_options)

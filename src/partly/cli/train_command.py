"""``partly train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from partly.cli.option_flags import takes, takes_given_of_any
from partly.cli.terminal_output import Output, json_option
from partly.machine import MachineOptions
from partly.training.recipes import RECIPES, choices_for

if TYPE_CHECKING:
    from partly.training.recipes import PlanStep


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.argument("folder", metavar="GENERATOR", type=click.Path(path_type=Path))
@click.option(
    "--family",
    type=click.Choice(list(RECIPES)),
    show_default="that of the folder's training; else stylegan2 on a CUDA GPU, and light elsewhere",
    help="Family of networks.",
)
@takes_given_of_any("given", {family: recipe.Options for family, recipe in RECIPES.items()})
@takes(machine_options=MachineOptions)
@click.option(
    "--tensorboard", is_flag=True, help="Also write curves for TensorBoard (the extra partly[tensorboard])."
)
@json_option
def command(
    photos: Path,
    folder: Path,
    family: str | None,
    given: dict[str, Any],
    machine_options: MachineOptions,
    tensorboard: bool,
    as_json: bool,
) -> None:
    """Train a generator on PHOTOS, a folder or zip of one kind of object; it is kept in the folder GENERATOR.

    What is not given is as the family's preset for that size. It may be stopped at any time: the same command
    goes on. GENERATOR is a model folder from the first checkpoint on, with pictures and a page beside it.
    """
    output = Output(as_json)
    if family is None:
        from partly.project.trainings import family_of_training

        chosen = family_of_training(folder, given.get("size_px"), machine_options)
        output.say(str(chosen))
        family = chosen.name
    choices = choices_for(family, **given)
    from partly.cli.terminal_progress import Bars
    from partly.project.trainings import TensorBoardCurves, TrainingReports, train_generator

    curves = TensorBoardCurves(folder / "training" / "tensorboard") if tensorboard else None
    with Bars() as bars:

        def on_step(step: PlanStep) -> None:
            bars("training", step.step, step.n_steps, step.figures)
            if curves:
                curves(step)

        reports = TrainingReports(
            on_note=lambda note: output.say(f"Note: {note}"),
            on_photo=lambda done, total: bars("reading photos", done, total),
            on_step=on_step,
            on_measuring=bars,
            on_forecast=lambda forecast: output.say(str(forecast)),
        )
        trained = train_generator(photos, folder, choices, reports, machine_options)
    for name, reason in trained.failed:
        output.say(f"Left out {name}: {reason}")
    if trained.classes:
        told = ", ".join(f"{name} ({n})" for name, n in trained.classes.items())
        output.say(f"Classes, with their photos: {told}")
    if trained.outcome:
        output.say(trained.outcome)
    output.say(f"Made {trained.folder} from {trained.n_photos} photos; page: {trained.page}")
    output.say(f"Next: partly new PROJECT --generator {trained.folder} --parts background,...")
    output.result(
        {
            "folder": str(trained.folder),
            "page": str(trained.page),
            "family": family,
            "n_photos": trained.n_photos,
            "classes": trained.classes,
            "failed": [list(pair) for pair in trained.failed],
            "notes": list(trained.notes),
            "outcome": trained.outcome,
            "time_s": round(trained.time_s, 1),
        }
    )

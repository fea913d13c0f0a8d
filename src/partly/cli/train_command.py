"""``partly train``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from partly.cli.terminal_output import Output, json_option
from partly.cli.terminal_progress import Bars
from partly.data.photos import FITS
from partly.project.trainings import Board, TrainingReports, train_generator
from partly.training.recipes import AUGMENTATIONS, FAMILIES, OBJECTIVES, CourseStep, TrainingChoices


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.argument("folder", metavar="GENERATOR", type=click.Path(path_type=Path))
@click.option("--size", "size_px", type=int, default=64, show_default=True, help="Side of the pictures.")
@click.option(
    "--family", type=click.Choice(list(FAMILIES)), default="stylegan2", show_default=True, help="Networks."
)
@click.option("--objective", type=click.Choice(list(OBJECTIVES)), help="What they play for.")
@click.option(
    "--augment",
    type=click.Choice(list(AUGMENTATIONS)),
    help="What is done to all that the discriminator sees.",
)
@click.option("--photos-shown", "n_photos_shown", type=int, help="Length: photos shown, with repetitions.")
@click.option("--batch", "batch_size", type=int, help="Photos in a step.")
@click.option("--width", type=float, help="Channels of the generator, times those of the preset.")
@click.option("--discriminator-steps", type=int, help="Steps of the discriminator in turn.")
@click.option("--generator-steps", type=int, help="Steps of the generator in turn.")
@click.option("--fit", type=click.Choice(FITS), default="crop", show_default=True, help="Squares of photos.")
@click.option("--mirror/--no-mirror", default=True, show_default=True, help="Show half of them mirrored.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all that is random.")
@click.option("--start-from", help="Model folder of a generator whose weights are the first ones.")
@click.option(
    "--classes",
    metavar="FOLDERS|FILE",
    help="Learn classes: 'folders' for names of folders, or a CSV, JSON or IDX file.",
)
@click.option("--tensorboard", is_flag=True, help="Write curves for TensorBoard too (an extra of Partly).")
@json_option
def command(photos: Path, folder: Path, tensorboard: bool, as_json: bool, **chosen: Any) -> None:
    """Train a generator on PHOTOS, a folder or zip of one kind of object; it is kept in the folder GENERATOR.

    What is not given is as the family's preset for that size. It may be stopped at any time: the same command
    goes on. GENERATOR is a model folder from the first checkpoint on, with pictures and a page beside it.
    """
    output = Output(as_json)
    choices = TrainingChoices(**chosen)
    board = Board(folder / "training" / "tensorboard") if tensorboard else None
    with Bars() as bars:

        def on_step(step: CourseStep) -> None:
            bars("training", step.step, step.n_steps, step.figures)
            if board:
                board(step)

        reports = TrainingReports(
            on_photo=lambda done, total: bars("reading photos", done, total),
            on_step=on_step,
            on_measuring=bars,
        )
        trained = train_generator(photos, folder, choices, reports)
    for name, reason in trained.failed:
        output.say(f"Left out {name}: {reason}")
    if trained.classes:
        told = ", ".join(f"{name} ({n})" for name, n in trained.classes.items())
        output.say(f"Classes, with their photos: {told}")
    output.say(f"Made {trained.folder} from {trained.n_photos} photos; page: {trained.page}")
    output.say(f"Next: partly new PROJECT --generator {trained.folder} --parts background,...")
    output.result(
        {
            "folder": str(trained.folder),
            "page": str(trained.page),
            "n_photos": trained.n_photos,
            "classes": trained.classes,
            "failed": [list(pair) for pair in trained.failed],
            "time_s": round(trained.time_s, 1),
        }
    )

"""``partly evaluate-generator``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.errors import PartsFailed
from partly.machine import MachineOptions
from partly.project import GeneratorEvaluationChoices


@click.command()
@click.argument("generator")
@click.argument("photos", type=click.Path(path_type=Path))
@takes(choices=GeneratorEvaluationChoices, machine=MachineOptions)
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("generator-evaluation"),
    show_default=True,
    help="Folder for generator-evaluation.html and generator-evaluation.json.",
)
@json_option
def command(
    generator: str,
    photos: Path,
    choices: GeneratorEvaluationChoices,
    machine: MachineOptions,
    out_folder: Path,
    as_json: bool,
) -> None:
    """Compare pictures of GENERATOR (a project, a name, a model folder) with PHOTOS (a folder or zip).

    Give the photos that it was trained on: how far pictures are from them (FID, KID), how good they are
    (precision, density), how varied (recall, coverage), and which may be copies. With --held-out also how
    near its pictures come to photos at best, and whether it memorises. The same command goes on
    after a stop. Figures are of pictures in float32, unless --precision names another.
    """
    from partly.cli.terminal_progress import Bars
    from partly.evaluation.report import generator_table
    from partly.machine import Machine
    from partly.project import evaluate_generator_against, write_generator_evaluation

    output = Output(as_json)
    with Bars() as bars:
        on = Machine.for_inference(machine.for_figures)
        evaluation = evaluate_generator_against(generator, photos, choices, bars, on, output.say)
    page = write_generator_evaluation(out_folder, evaluation, generator, photos, choices)
    if not as_json:
        output.show(generator_table(evaluation))
    for note in evaluation.notes:
        output.say(note)
    output.say(f"Page: {page}")
    output.result({**evaluation.to_json(), "page": str(page)})
    if evaluation.skipped:
        raise PartsFailed(
            f"{len(evaluation.skipped)} photos could not be read: "
            + "; ".join(photo.reason.rstrip(".") for photo in evaluation.skipped),
            remedy="All others are counted: mend or remove these",
        )

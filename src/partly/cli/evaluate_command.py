"""``partly evaluate``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.errors import PartsFailed
from partly.machine import MachineOptions
from partly.project import EvaluationChoices


@click.command()
@click.argument("what", metavar="PREDICTIONS|NETWORK", type=click.Path(path_type=Path))
@click.argument("truths", metavar="TRUTH", type=click.Path(path_type=Path))
@takes(choices=EvaluationChoices, machine=MachineOptions)
@click.option("--parts", help="Parts of the label maps: faces, a file (a project.toml too), or names.")
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("evaluation"),
    show_default=True,
    help="Folder for evaluation.html and evaluation.json.",
)
@json_option
def command(
    what: Path,
    truths: Path,
    choices: EvaluationChoices,
    machine: MachineOptions,
    parts: str | None,
    out_folder: Path,
    as_json: bool,
) -> None:
    """Compare PREDICTIONS (a folder of label maps) or a NETWORK (a project or model folder) with TRUTH.

    TRUTH is a folder of label maps as PNG, named as the photos. IoU is given pooled over all pixels, and as
    the mean over photos.
    """
    from partly.cli.terminal_progress import Bars
    from partly.evaluation.report import evaluation_table
    from partly.machine import Machine
    from partly.project import evaluate_against, part_set_from, write_evaluation

    output = Output(as_json)
    if parts:
        choices = replace(choices, part_set=part_set_from(parts))
    with Bars() as bars:
        evaluation = evaluate_against(
            what,
            truths,
            choices,
            lambda done, total: bars("evaluating", done, total),
            Machine.for_inference(machine),
        )
    page = write_evaluation(out_folder, evaluation, what, truths)
    if not as_json:
        output.show(evaluation_table(evaluation))
    for note in evaluation.notes:
        output.say(note)
    output.say(f"Page: {page}")
    output.result(evaluation.to_json())
    if evaluation.skipped:
        raise PartsFailed(
            f"{len(evaluation.skipped)} photos could not be read: "
            + "; ".join(photo.reason.rstrip(".") for photo in evaluation.skipped),
            remedy="All others are counted: mend or remove these",
        )

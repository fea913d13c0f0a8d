"""``partly evaluate``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.output import Output, json_option
from partly.cli.progress import Bars
from partly.errors import PartsFailed
from partly.project.evaluation import EvaluationChoices, evaluate_against, write_evaluation
from partly.project.part_files import part_set_from
from partly.report import evaluation_table


@click.command()
@click.argument("what", metavar="PREDICTIONS|NETWORK", type=click.Path(path_type=Path))
@click.argument("truths", metavar="TRUTH", type=click.Path(path_type=Path))
@click.option("--photos", type=click.Path(path_type=Path), help="Folder or zip of the photos.")
@click.option("--parts", help="Parts of the label maps: faces, a file (a project.toml too), or names.")
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help='What the ids of the truth mean, JSON or TOML: {"0": "background", "4": null}.',
)
@click.option("--resize", is_flag=True, help="Bring predictions of another size to that of the truth.")
@click.option("--size", "size_px", type=int, help="Side that the network sees; its training size by default.")
@click.option("--mirror/--no-mirror", default=True, help="Average with the mirrored photo.")
@click.option("--worst", "n_worst", default=8, show_default=True, help="How many of the worst to show.")
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
    photos: Path | None,
    parts: str | None,
    mapping: Path | None,
    resize: bool,
    size_px: int | None,
    mirror: bool,
    n_worst: int,
    out_folder: Path,
    as_json: bool,
) -> None:
    """Compare PREDICTIONS (a folder of label maps) or a NETWORK (a project or model folder) with TRUTH.

    TRUTH is a folder of label maps as PNG, named as the photos. IoU is given pooled over all pixels, and as
    the mean over photos.
    """
    output = Output(as_json)
    choices = EvaluationChoices(
        photos=photos,
        mapping=mapping,
        part_set=part_set_from(parts) if parts else None,
        resize=resize,
        size_px=size_px,
        mirror_average=mirror,
        n_worst=n_worst,
    )
    with Bars() as bars:
        evaluation = evaluate_against(
            what, truths, choices, lambda done, total: bars("evaluating", done, total)
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

"""``partly evaluate-generator``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.output import Output, json_option
from partly.cli.progress import Bars
from partly.downloads.feature_networks import FEATURE_NETWORKS
from partly.errors import PartsFailed
from partly.imagery.photo_sets import FITS, Fit
from partly.project.generator_evaluation import (
    GeneratorEvaluationChoices,
    evaluate_generator_against,
    write_generator_evaluation,
)
from partly.report import generator_table


@click.command()
@click.argument("generator")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--pictures", "n_pictures", default=5000, show_default=True, help="How many pictures to make.")
@click.option(
    "--features",
    type=click.Choice(FEATURE_NETWORKS),
    default=FEATURE_NETWORKS[0],
    show_default=True,
    help="Feature network. builtin needs no download, and compares only with itself; inception gives FID and "
    "KID (partly get inception), slowly without a GPU.",
)
@click.option(
    "--fit",
    type=click.Choice(FITS),
    default=FITS[0],
    show_default=True,
    help="How photos become squares: crop the middle, or pad; as in the training.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the pictures.")
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
    n_pictures: int,
    features: str,
    fit: Fit,
    seed: int,
    out_folder: Path,
    as_json: bool,
) -> None:
    """Compare pictures of GENERATOR (a project, a name, a model folder) with PHOTOS (a folder or zip).

    Give the photos that it was trained on: how far pictures are from them (FID, KID), how good they are
    (precision, density), how varied (recall, coverage), and which may be copies. The same command goes on
    after a stop.
    """
    output = Output(as_json)
    choices = GeneratorEvaluationChoices(n_pictures, features, fit, seed)
    with Bars() as bars:
        evaluation = evaluate_generator_against(generator, photos, choices, bars)
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

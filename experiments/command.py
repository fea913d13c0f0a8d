"""``python -m experiments``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import torch

from experiments.annotator import load_annotator
from experiments.bench import Bench
from experiments.catalogue import EXPERIMENTS, experiment_named
from experiments.collect import collect
from experiments.experiment import n_measured
from experiments.protocol import HALVES, PROTOCOL, Half
from experiments.runner import run_experiment
from experiments.store import results_folder, rows_of
from experiments.training_study import MATERIALS, TrainingStudy
from partly.cli import Bars, Output, json_option


@click.command()
@click.argument("name", required=False)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder with faces_labelled_512.zip: the photos, which are not part of Partly.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("experiments-out"),
    show_default=True,
    help="Folder of results, and of what experiments share.",
)
@click.option(
    "--half",
    type=click.Choice(HALVES),
    default="choices",
    show_default=True,
    help="Which photos: those to choose on, or those for final figures.",
)
@click.option("--only", multiple=True, metavar="KEY", help="A cell to measure; may be given several times.")
@click.option(
    "--threads", "n_threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch."
)
@click.option(
    "--workers",
    "n_workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that make pictures.",
)
@click.option(
    "--network",
    "network_folder",
    type=click.Path(path_type=Path),
    help="The model folder of the network to measure, for experiments with one that is there: anywhere.",
)
@click.option(
    "--finder",
    "finder_folder",
    type=click.Path(path_type=Path),
    help="The model folder of the object finder to measure with it; without one, none is used.",
)
@click.option(
    "--n",
    "n_photos",
    type=click.IntRange(9),
    default=60,
    show_default=True,
    help="Photos of faces that the experiment anywhere composes.",
)
@click.option(
    "--generator",
    "generator_folder",
    type=click.Path(path_type=Path),
    help="The model folder of the generator of faces that the experiment adversarial-labels measures.",
)
@click.option(
    "--on",
    "materials",
    multiple=True,
    type=click.Choice(list(MATERIALS)),
    help="Photos that the experiment adversarial trains on; may be given several times; all without it.",
)
@click.option(
    "--variant",
    "variants",
    multiple=True,
    metavar="OBJECTIVE[:NAME=VALUE,...]",
    help="What it trains: an objective, with other choices of partly train; may be given several times. By "
    "default all objectives on digits, and one on other photos.",
)
@click.option(
    "--seeds",
    "n_seeds",
    type=click.IntRange(1),
    help="Trainings of each; by default 3 on digits, 2 on other photos.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    help="Processor minutes of each; by default 5 on digits, 20 on other photos.",
)
@click.option(
    "--fashion",
    type=click.Path(path_type=Path),
    help="Folder with the four files of Fashion-MNIST; by default fashion-mnist in that of --data.",
)
@click.option(
    "--parser",
    "parser_file",
    type=click.Path(path_type=Path),
    help="The file of the package with the face parser, where there is no network.",
)
@click.option(
    "--collect",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all that is measured to this Markdown page instead, plots beside it.",
)
@click.option(
    "--images/--no-images",
    "with_images",
    default=True,
    show_default=True,
    help="Whether that page shows generated pictures, which a licence may forbid to publish.",
)
@json_option
def command(
    name: str | None,
    data: Path | None,
    out: Path,
    half: Half,
    only: tuple[str, ...],
    n_threads: int,
    n_workers: int,
    network_folder: Path | None,
    finder_folder: Path | None,
    n_photos: int,
    generator_folder: Path | None,
    materials: tuple[str, ...],
    variants: tuple[str, ...],
    n_seeds: int | None,
    minutes: float | None,
    fashion: Path | None,
    parser_file: Path | None,
    page: Path | None,
    with_images: bool,
    as_json: bool,
) -> None:
    """Measure the claims of the project anew: experiment NAME, or, without NAME, tell which there are.

    Every experiment consists of cells. Those on disk with the same settings are not measured again; it may be
    stopped at any time, and the same command goes on.
    """
    output = Output(as_json)
    if page is not None:
        titles = collect(EXPERIMENTS.values(), out, page, PROTOCOL, with_images=with_images)
        output.say(f"{page}: {', '.join(titles) or 'nothing is measured yet'}")
        output.result({"page": str(page), "experiments": titles})
        return
    if name is None:
        _tell_all(output, out, half)
        return
    experiment = experiment_named(name)
    torch.set_num_threads(n_threads)
    with Bars() as bars:
        bench = Bench(
            out,
            data,
            half,
            n_workers=n_workers,
            network_folder=network_folder,
            finder_folder=finder_folder,
            n_photos=n_photos,
            generator_folder=generator_folder,
            trainings=TrainingStudy(materials or tuple(MATERIALS), variants, n_seeds, minutes, fashion),
            tell=bars,
            get_annotator=partial(load_annotator, parser_file),
        )
        folder, rows = run_experiment(experiment, bench, only=only, say=output.say)
    n_done = n_measured(rows)
    output.say(f"{n_done} of {len(rows)} cells are measured: {folder / 'results.md'}")
    output.result({"folder": str(folder), "figures": {row.cell.key: row.figures for row in rows}})


def _tell_all(output: Output, out: Path, half: Half) -> None:
    """Names and questions of all experiments, and how many cells are done."""
    told = {}
    for name, experiment in EXPERIMENTS.items():
        rows = rows_of(experiment, results_folder(out, experiment, half), PROTOCOL)
        n_done = n_measured(rows)
        output.say(f"{name:18} {n_done:2} of {len(rows):2}  {experiment.question}")
        told[name] = {"question": experiment.question, "n_done": n_done, "n_cells": len(rows)}
    output.result(told)

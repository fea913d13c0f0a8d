"""``partly distil``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.autoshot import ARCHITECTURES
from partly.cli.output import Output, json_option
from partly.cli.progress import Bars
from partly.distillation import DistilReports
from partly.project import open_project
from partly.project.distil import distil_config, distil_project


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@click.option("--n-pictures", type=int, help="Generated pictures to label and train on.")
@click.option("--size", "size_px", type=int, help="Side in pixels at which the network learns at last.")
@click.option("--architecture", type=click.Choice(list(ARCHITECTURES)), help="Which network.")
@click.option(
    "--pretrained/--from-scratch",
    default=None,
    help="Begin with ImageNet weights (lite0-unet only; partly get efficientnet-lite0), or with none.",
)
@click.option("--steps", "n_steps", type=int, help="Training steps.")
@click.option("--drop-uncertain", type=float, help="Share of the pictures to leave out, the least sure ones.")
@click.option(
    "--second-round",
    type=float,
    help="Share of the steps to train further, on labels of segmenter and network together; 0: none.",
)
@click.option(
    "--painted-share",
    type=float,
    help="Share of what it learns from that are the labelled pictures themselves; 0: none.",
)
@click.option(
    "--recolour-parts",
    type=float,
    help="Probability that a part of a picture gets other colours while the network learns; 0: none.",
)
@click.option("--seed", type=int, help="Of pictures, first weights and augmentation.")
@click.option("--workers", "n_workers", type=click.IntRange(1), help="Processes that make pictures.")
@click.option("--again", is_flag=True, help="Begin a new training even if one with these choices is there.")
@json_option
def command(
    project_folder: Path,
    n_pictures: int | None,
    size_px: int | None,
    architecture: str | None,
    pretrained: bool | None,
    n_steps: int | None,
    drop_uncertain: float | None,
    second_round: float | None,
    painted_share: float | None,
    recolour_parts: float | None,
    seed: int | None,
    n_workers: int | None,
    again: bool,
    as_json: bool,
) -> None:
    """Make the network of PROJECT: label generated pictures, then train on them.

    What is not given is as project.toml says. It may be stopped at any time: the same command goes on.
    """
    output = Output(as_json)
    project = open_project(project_folder)
    config = distil_config(
        project,
        n_pictures=n_pictures,
        size_px=size_px,
        architecture=architecture,
        pretrained=pretrained,
        n_steps=n_steps,
        drop_uncertain=drop_uncertain,
        second_round=second_round,
        painted_share=painted_share,
        recolour_parts=recolour_parts,
        seed=seed,
    )
    with Bars() as bars:
        reports = DistilReports(on_picture=bars.picture, on_step=bars.step)
        result = distil_project(project, config, n_workers=n_workers, anew=again, reports=reports)
    iou = result.held_out_iou
    agreement = "" if iou is None else f"; IoU with the segmenter on held-out pictures {100 * iou:.1f}"
    output.say(f"{'It was made already' if result.was_there else 'Made'} {result.folder}{agreement}")
    for folder in result.panel_folders:
        output.say(f"Panels: {folder}")
    output.say(f"Next: partly segment {project_folder} PHOTOS")
    output.result(
        {
            "folder": str(result.folder),
            "run_folder": str(result.run_folder),
            "held_out_iou": result.held_out_iou,
            "was_there": result.was_there,
        }
    )

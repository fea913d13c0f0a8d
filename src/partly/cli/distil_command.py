"""``partly distil``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from partly.cli.option_flags import takes, takes_given
from partly.cli.terminal_output import Output, json_option
from partly.machine import MachineOptions, SpreadOptions
from partly.synthesis.distil import DistilConfig, DistilRequest


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@takes_given(given=DistilConfig)
@takes(request=DistilRequest, machine_options=MachineOptions, spread=SpreadOptions)
@json_option
def command(
    project_folder: Path,
    given: dict[str, Any],
    request: DistilRequest,
    machine_options: MachineOptions,
    spread: SpreadOptions,
    as_json: bool,
) -> None:
    """Make the network of PROJECT: label generated pictures, or photos, then train on them.

    What is not given is as project.toml says. It may be stopped at any time: the same command goes on. With
    --share, a share of the pictures is made, or of the photos is read, and no more; the same command without
    it goes on from there.
    """
    from partly.cli.terminal_progress import Bars
    from partly.errors import counted
    from partly.project import distil_config, distil_project, make_project_share, open_project
    from partly.synthesis.distil import DistilReports

    output = Output(as_json)
    project = open_project(project_folder)
    config = distil_config(project, request.effort, **given)
    if spread.share is not None:
        with Bars() as bars:
            n_pictures = make_project_share(
                project,
                config,
                spread,
                n_workers=request.n_workers,
                reports=DistilReports(bars.picture, on_note=output.say),
                machine_options=machine_options,
            )
        output.say(f"Share {spread.share} is there: {counted(n_pictures, 'picture')}")
        output.say("When all shares are: the same command without --share")
        output.result({"share": spread.share, "n_pictures": n_pictures})
        return
    with Bars() as bars:
        reports = DistilReports(bars.picture, bars.step, output.say)
        result = distil_project(
            project,
            config,
            n_workers=request.n_workers,
            anew=request.again,
            reports=reports,
            machine_options=machine_options,
            spread=spread,
        )
    iou = result.held_out_iou
    agreement = "" if iou is None else f"; IoU with the segmenter on held-out pictures {100 * iou:.1f}"
    output.say(f"{'It was made already' if result.was_there else 'Made'} {result.folder}{agreement}")
    if result.best_folder is not None:
        output.say(f"The slower, better network: {result.best_folder}")
    if result.finder_folder is not None:
        output.say(f"The object finder, for partly segment --anywhere: {result.finder_folder}")
    for folder in result.panel_folders:
        output.say(f"Panels: {folder}")
    anywhere = " --anywhere" if result.finder_folder is not None else ""
    output.say(f"Next: partly segment {project_folder} PHOTOS{anywhere}")
    output.result(
        {
            "folder": str(result.folder),
            "best_folder": result.best_folder and str(result.best_folder),
            "finder_folder": result.finder_folder and str(result.finder_folder),
            "run_folder": str(result.run_folder),
            "held_out_iou": result.held_out_iou,
            "was_there": result.was_there,
        }
    )

"""``partly fit``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from partly.cli.option_flags import takes, takes_given
from partly.cli.terminal_output import Output, json_option
from partly.fewshot.fitting import FewShotConfig, FitRequest, LabelQuality
from partly.machine import MachineOptions


@click.command()
@click.argument("project_folder", metavar="PROJECT", type=click.Path(path_type=Path))
@takes_given(given=FewShotConfig)
@takes(request=FitRequest, machine=MachineOptions)
@json_option
def command(
    project_folder: Path, given: dict[str, Any], request: FitRequest, machine: MachineOptions, as_json: bool
) -> None:
    """Fit the few-shot segmenter of PROJECT on all that is labelled, and preview it on what is not.

    What is not given is as project.toml says.
    """
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import few_shot_config, fit_project, open_project, state_of

    output = Output(as_json)
    project = open_project(project_folder)
    config = few_shot_config(project, **given)
    with Bars() as bars:
        on = Machine.for_inference(machine)
        result = fit_project(project, config, anew=request.again, on_progress=bars, machine=on)
    done = "Nothing changed since it was fitted" if result.was_there else "Fitted"
    output.say(f"{done} on {', '.join(result.annotation_ids)}; see {result.previews}")
    if result.missing_parts:
        output.say(f"Labelled nowhere, and so never found: {', '.join(result.missing_parts)}")
    _say_how_good(output, project_folder, result.quality)
    output.say(f"Next: {state_of(project).next_step}")
    output.result(
        {
            "folder": str(result.folder),
            "annotations": list(result.annotation_ids),
            "missing_parts": list(result.missing_parts),
            "previews": str(result.previews),
            "was_there": result.was_there,
            "label_quality": None if result.quality is None else result.quality.to_json(),
        }
    )


def _say_how_good(output: Output, project_folder: Path, quality: LabelQuality | None) -> None:
    """A line for each part, and what to label next."""
    from partly.project import label_next

    if quality is None:
        return
    output.say("How good it is, in per cent, told from its labels:")
    for line in quality.lines:
        output.say(f"  {line}")
    if quality.worst is not None:
        output.say(f"Worst: {quality.worst.part}. To label next: {label_next(project_folder, quality)}")

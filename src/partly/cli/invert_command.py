"""``partly invert``."""

from __future__ import annotations

from pathlib import Path

import click

from partly.cli.option_flags import takes
from partly.cli.terminal_output import Output, json_option
from partly.inference.invert import InvertOptions
from partly.machine import MachineOptions
from partly.training.inversion import EncoderOptions


@click.command()
@click.argument("generator")
@click.argument("photos", metavar="PHOTO...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the results, by default inverted; with --learn that of the encoder, by default where "
    "searches find it.",
)
@click.option(
    "--encoder",
    "encoder_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of an encoder; by default the one that was learned for this generator.",
)
@click.option(
    "--learn",
    is_flag=True,
    help="Make an encoder of the generator, from which searches begin: of its own pictures, without photos.",
)
@click.option(
    "--label",
    "label_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Label map of the photo, a PNG of its size with the parts of GENERATOR, a project: it becomes an "
    "annotation of the project, of the picture that is found.",
)
@takes(options=InvertOptions, learning=EncoderOptions, machine=MachineOptions)
@json_option
def command(
    generator: str,
    photos: tuple[Path, ...],
    out_folder: Path | None,
    encoder_folder: Path | None,
    learn: bool,
    label_file: Path | None,
    options: InvertOptions,
    learning: EncoderOptions,
    machine: MachineOptions,
    as_json: bool,
) -> None:
    """Find PHOTO... in GENERATOR (a project, a name, a model folder): the latents of pictures like them.

    PHOTO... are photos, folders, zips. Writes the latent and the picture of each, both beside each other, and
    a page. The same command goes on after a stop.

    With --learn and without photos, an encoder is made, from which all later searches in GENERATOR begin: a
    tenth of the steps is enough then.

    With --label, one labelled photo becomes a labelled picture of the project GENERATOR.
    """
    output = Output(as_json)
    if learn:
        if photos or encoder_folder or label_file:
            raise click.UsageError(
                "--learn takes neither photos nor --encoder nor --label: give the generator alone."
            )
        _learn(output, generator, out_folder, learning, machine)
        return
    if not photos:
        raise click.UsageError("Missing argument 'PHOTO...'.")
    if label_file:
        if len(photos) > 1 or out_folder or encoder_folder:
            raise click.UsageError("--label takes one photo, and neither --out nor --encoder.")
        _label(output, generator, photos[0], label_file, options, machine)
        return
    return _invert(
        output, generator, photos, out_folder or Path("inverted"), encoder_folder, options, machine
    )


def _invert(
    output: Output,
    generator: str,
    photos: tuple[Path, ...],
    out_folder: Path,
    encoder_folder: Path | None,
    options: InvertOptions,
    machine: MachineOptions,
) -> None:
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import invert_with

    with Bars() as bars:
        inversion = invert_with(
            generator,
            photos,
            out_folder,
            options,
            encoder_folder,
            machine=Machine.for_inference(machine.for_figures),
            on_note=output.say,
            on_forecast=lambda forecast: output.say(str(forecast)),
            on_progress=bars,
        )
    summary = inversion.summary
    kept = f", {len(summary.kept)} were done already" if summary.kept else ""
    output.say(f"Found {len(summary.inverted)} photos{kept}: {summary.folder}")
    for note in inversion.notes:
        output.say(f"Note: {note}")
    output.say(f"Page: {inversion.page}")
    output.result(inversion.to_json())
    summary.raise_failures()


def _learn(
    output: Output,
    generator: str,
    out_folder: Path | None,
    learning: EncoderOptions,
    machine: MachineOptions,
) -> None:
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import learn_encoder
    from partly.training.inversion import EncoderReport, encoder_figures_text

    with Bars() as bars, Machine.for_training(machine) as on:

        def step(report: EncoderReport) -> None:
            bars("learning", report.step, report.n_steps, encoder_figures_text(report))

        learned = learn_encoder(
            generator,
            out_folder,
            learning,
            machine=on,
            on_note=output.say,
            on_picture=lambda done, total: bars("making pictures", done, total),
            on_step=step,
        )
    where = "there already" if learned.was_there else "here now"
    known = f"{100 * max(0.0, learned.known):.0f} %"
    output.say(
        f"The encoder is {where}: {learned.folder}. It knows {known} of the variance of latents of pictures "
        "that it has not seen."
    )
    output.result(learned.to_json())


def _label(
    output: Output,
    project: str,
    photo: Path,
    label_file: Path,
    options: InvertOptions,
    machine: MachineOptions,
) -> None:
    from partly.cli.terminal_progress import Bars
    from partly.machine import Machine
    from partly.project import label_through_latent

    on = Machine.for_inference(machine)
    with Bars() as bars:
        labelled = label_through_latent(
            project,
            photo,
            label_file,
            options,
            machine=on,
            on_step=lambda done, total: bars("searching", done, total),
        )
    found = labelled.inverted
    output.say(f"Annotation {labelled.annotation_id}: {found.distance_name} {found.distance:.4f}.")
    output.say(f"See that photo, picture and label agree: {labelled.overlay}; then: partly fit {project}")
    output.result(labelled.to_json())

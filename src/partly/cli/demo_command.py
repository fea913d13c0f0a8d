"""``partly demo``."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from partly.cli.terminal_output import Output, json_option


@click.command()
@click.option(
    "--photo",
    "photos",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A photo, folder or zip to segment too; may be given several times.",
)
@click.option(
    "--portraits", is_flag=True, help="Use drawn portraits instead of faces: nothing is downloaded."
)
@click.option(
    "--out",
    "out_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the project that it makes.  [default: demo-faces, or demo-portraits]",
)
@click.option(
    "--open/--no-open", "opens", default=None, help="Open the page; by default only from a terminal."
)
@click.option(
    "--anywhere",
    is_flag=True,
    help="Make an object finder too, and look for objects of any place, size, angle and number: it takes "
    "three times as long.",
)
@click.option("--workers", "n_workers", type=click.IntRange(1), help="Processes that make pictures.")
@json_option
def command(
    photos: tuple[Path, ...],
    portraits: bool,
    out_folder: Path | None,
    opens: bool | None,
    anywhere: bool,
    n_workers: int | None,
    as_json: bool,
) -> None:
    """Do the whole job once, on faces: one label in, segmented photos out, on a page that shows it all.

    Gets the generator (37 MB), fits on one label map that ships with Partly, labels generated pictures,
    trains a small network, and segments a portrait and your photos. It takes minutes; stopped, it goes on.
    Where the generator cannot be had, drawn portraits take the place of faces.
    """
    from partly.cli.terminal_progress import Bars
    from partly.project.demo import FACES, PORTRAITS, DemoChoices, DemoReports, run_demo
    from partly.synthesis.distil import DistilReports

    output = Output(as_json)
    subject = PORTRAITS if portraits else FACES
    choices = DemoChoices(photos=photos, subject=subject, n_workers=n_workers, anywhere=anywhere)
    out_folder = out_folder or Path("demo-portraits" if portraits else "demo-faces")
    with Bars() as bars:
        distil = DistilReports(on_picture=bars.picture, on_step=bars.step)
        page, summary = run_demo(out_folder, choices, DemoReports(output.say, bars, distil))
    output.say(f"Page: {page.resolve()}")
    output.result({"page": str(page.resolve()), "segmented": [*summary.segmented, *summary.kept]})
    if opens if opens is not None else sys.stdout.isatty() and not as_json:
        webbrowser.open(page.resolve().as_uri())
    summary.raise_failures()

"""The tutorial, command by command, with a tiny generator in the place of the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.data.label_formats.labelme import write_labelme
from partly.data.labels.part_sets import FACE_PARTS
from tests.docs.conftest import striped_face
from tests.docs.markdown import ROOT, blocks

# The picture that the author of the tutorial chose; the tiny generator proposes others.
CHOSEN = "picture-0-31"
# What makes it quick; the last of two equal options counts.
QUICKLY = {
    "pictures": ["--n", "2", "--candidates", "6"],
    "distil": ["--n-pictures", "20", "--size", "32", "--steps", "2", "--workers", "1"],
}


def paint(project: Path) -> str:
    """Do what the reader does by hand: choose a picture, label it, save it as LabelMe does."""
    picture = min((project / "pictures").glob("picture-*.png")).stem
    write_labelme(project / "pictures" / f"{picture}.json", [(f"{picture}.png", striped_face())], FACE_PARTS)
    return picture


def run_page(page: str, picture: str = "") -> str:
    """Run the commands and the Python of a page in order; returns the labelled picture."""
    for block in blocks(ROOT / "docs" / page):
        if block.language == "python":
            exec(compile(block.text, page, "exec"), {})
        for words in block.command_lines:
            if words[0] != "partly":
                continue
            if words[1] == "label" and not picture:
                picture = paint(Path("my-faces"))
            arguments = [word.replace(CHOSEN, picture) for word in words[1:]]
            assert run([*arguments, *QUICKLY.get(words[1], [])]) == 0, words
    return picture


@pytest.mark.slow
def test_the_tutorial_works(machine, capsys):
    picture = run_page("tutorial.md")
    said = capsys.readouterr().out
    assert "Hair covers" in said
    assert "partly segment my-faces" in said
    for path in (
        "my-faces/pictures/contact-sheet.png",
        f"my-faces/annotations/overlays/{picture}.jpg",
        "my-faces/report.html",
        "my-faces/models/auto_shot/model.json",
        "holiday-parts/labels/beach.png",
        "holiday-parts/overlays/beach.jpg",
        "holiday-parts/areas.json",
        "beach-parts.png",
    ):
        assert (machine / path).is_file(), path
    (fit,) = (machine / "my-faces/runs").glob("*-fit")
    assert (fit / "previews.png").is_file()

    snippet_of_folders(machine)


def snippet_of_folders(machine: Path) -> None:
    (code,) = [
        b.text for b in blocks(ROOT / "docs/how-to/segment-a-folder-or-zip.md") if b.language == "python"
    ]
    exec(compile(code, "segment-a-folder-or-zip.md", "exec"), {})
    assert (machine / "parts/labels/beach.png").is_file()

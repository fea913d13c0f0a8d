"""The tutorial, command by command, with a tiny generator in the place of the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import partly
from partly.cli.command_line import run
from partly.data.labels.stroke_states import Patch
from partly.data.photos import find_photos
from partly.studio.session.session import Session
from tests.docs.conftest import striped_face
from tests.docs.markdown import ROOT, blocks

# What makes it quick; the last of two equal options counts.
QUICKLY = {"distil": ["--n-pictures", "20", "--size", "32", "--steps", "2", "--workers", "1"]}


class Reader:
    """Does by hand what the reader does in the studio: chooses the first picture, paints it, ends."""

    def __init__(self) -> None:
        self.painted = ""

    def __call__(
        self, session: Session, *_: object, on_start: Callable[[str], None], open_browser: bool
    ) -> None:
        assert open_browser
        with session:
            on_start("http://127.0.0.1:8700/")
            session.worker.settle()
            self.painted = session.workspace.tray.ids()[0]
            held, _ = session.painting.open(self.painted, "reader")
            assert not held
            session.painting.paint(self.painted, "reader", Patch(0, 0, striped_face()))


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    made = Reader()
    monkeypatch.setattr("partly.studio.http.serve", made)
    return made


def run_page(page: str) -> None:
    """Run the commands and the Python of a page in order."""
    for block in blocks(ROOT / "docs" / page):
        if block.language == "python":
            exec(compile(block.text, page, "exec"), {})
        for words in block.command_lines:
            if words[0] == "partly":
                assert run([*words[1:], *QUICKLY.get(words[1], [])]) == 0, words


@pytest.mark.slow
def test_the_tutorial_works(machine, reader, capsys):
    run_page("tutorial.md")
    said = capsys.readouterr().out
    assert "The studio is open at http://127.0.0.1:8700/" in said
    assert "Hair covers" in said
    assert "partly segment my-faces" in said
    for path in (
        f"my-faces/annotations/{reader.painted}.json",
        f"my-faces/annotations/strokes/{reader.painted}.jsonl",
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
    page = "segment-a-folder-or-zip.md"
    codes = [b.text for b in blocks(ROOT / "docs/how-to" / page) if b.language == "python"]
    reading, segmenting = (compile(code, page, "exec") for code in codes)
    beach = Image.open(machine / "holiday/beach.jpg")
    for name in ("holiday/a.jpg", "photo.jpg"):
        beach.save(machine / name)
    beach.save(machine / "cells.tif", save_all=True, append_images=[beach, beach])
    names: dict[str, Any] = {}
    exec(segmenting, names)
    photos = find_photos(["holiday"])
    for probabilities in ("png", "npz"):
        partly.segment_all(names["network"], photos, "parts", masks=True, probabilities=probabilities)
    exec(reading, {})
    assert (machine / "parts/labels/beach.png").is_file()

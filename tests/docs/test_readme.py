"""The five lines of the README, as they stand there."""

from __future__ import annotations

import partly
from tests.docs.markdown import ROOT, blocks

TINY = partly.DistilConfig(n_pictures=20, size_px=32, n_steps=2)


def five_lines() -> str:
    (found,) = [block.text for block in blocks(ROOT / "README.md") if block.language == "python"]
    return found


def test_the_five_lines_are_five():
    assert len(five_lines().splitlines()) == 5


def test_the_five_lines_do_the_job(machine, shipped, monkeypatch):
    monkeypatch.setattr("partly.data.labels.shipped_labels.files", lambda _package: shipped)
    monkeypatch.setattr("partly.api.usual_config", lambda _teacher: TINY)
    names: dict = {}
    exec(compile(five_lines(), "README.md", "exec"), names)
    labels = names["labels"]
    assert labels.label_map.shape == labels.confidence.shape == labels.mask("hair").shape == (40, 30)
    labels.save("photo-parts.png")
    assert (machine / "photo-parts.png").is_file()

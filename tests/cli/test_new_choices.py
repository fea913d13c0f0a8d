"""A new project begins with what is best known for its generator."""

from __future__ import annotations

from partly.cli.command_line import run
from partly.project.project_folder import open_project
from partly.project.project_settings import DRAWN_PORTRAITS, FEW_CHANNELS
from partly.synthesis.distil.distil_options import DistilConfig


def test_drawn_portraits_have_choices_of_their_own(tmp_path):
    assert run(["new", str(tmp_path / "drawn"), "--generator", "portraits"]) == 0
    settings = open_project(tmp_path / "drawn").settings
    assert (settings.few_shot, settings.auto_shot) == (FEW_CHANNELS, DRAWN_PORTRAITS)


def test_others_have_the_defaults(tmp_path):
    assert run(["new", str(tmp_path / "faces")]) == 0
    assert open_project(tmp_path / "faces").settings.auto_shot == DistilConfig()

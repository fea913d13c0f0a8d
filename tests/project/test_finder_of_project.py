"""``partly distil --anywhere`` and ``partly segment --anywhere`` in a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from partly.cli.command_line import run
from partly.models.networks import load_finder
from partly.project.finder_of_project import finder_of, has_finder
from partly.project.photo_segmenters import segmenting_network
from partly.project.project_folder import Project
from partly.project.segment_choices import SegmentChoice
from partly.synthesis.distil import finder_distillation
from partly.training.finding import FinderConfig, SceneOptions


@pytest.fixture(autouse=True)
def quick_finders(monkeypatch: pytest.MonkeyPatch) -> None:
    def quick(config: object) -> FinderConfig:
        return FinderConfig(2, 2, hold_first_layers=False, scenes=SceneOptions(size_px=64))

    monkeypatch.setattr(finder_distillation, "finder_config_of", quick)
    monkeypatch.setattr("partly.project.distil_verb.finder_config_of", quick)


def test_a_project_of_photos_gets_a_finder_and_uses_it(
    fitted_photos: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(fitted_photos.folder)
    assert not has_finder(fitted_photos)
    assert run(["distil", folder, "--anywhere", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["finder_folder"] == str(fitted_photos.finder)
    assert not told["was_there"]
    assert has_finder(fitted_photos)
    finder = load_finder(fitted_photos.finder)
    assert finder.size_px == 64
    assert finder.check.precision.any()  # it knows what is usual
    before = (fitted_photos.finder / "model.safetensors").read_bytes()

    assert run(["distil", folder, "--anywhere", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["was_there"]
    assert (fitted_photos.finder / "model.safetensors").read_bytes() == before

    photos, out = str(fitted_photos.folder / ".." / "photos"), tmp_path / "out"
    assert run(["segment", folder, photos, "--anywhere", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    areas = json.loads((out / "areas.json").read_text())
    assert all("objects" in photo for photo in areas["photos"])
    assert told["objects"] == sum(len(photo["objects"]) for photo in areas["photos"])
    # The same again keeps all; without the search they are other results.
    assert run(["segment", folder, photos, "--anywhere", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["segmented"] == []
    assert run(["segment", folder, photos, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == []


def test_without_a_finder_it_says_what_to_do(
    fitted_photos: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, photos = str(fitted_photos.folder), str(fitted_photos.folder / ".." / "photos")
    assert run(["distil", folder]) == 0
    capsys.readouterr()
    assert run(["segment", folder, photos, "--anywhere", "--out", str(tmp_path / "out")]) != 0
    told = capsys.readouterr().err
    assert "has no object finder yet" in told
    assert f"partly distil {folder} --anywhere" in told
    assert run(["segment", str(fitted_photos.auto_shot), photos, "--anywhere"]) != 0
    assert "expected a project, whose models/finder finds the objects" in capsys.readouterr().err


def test_a_finder_of_another_network_is_refused(
    fitted_photos: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(fitted_photos.folder)
    assert run(["distil", folder, "--anywhere", "--steps", "2"]) == 0
    assert segmenting_network(fitted_photos.folder, SegmentChoice(anywhere=True)).finder is not None
    assert run(["distil", folder, "--steps", "3"]) == 0
    assert not has_finder(fitted_photos)
    with pytest.raises(Exception, match="made for another network"):
        finder_of(fitted_photos.folder)
    assert run(["distil", folder, "--anywhere", "--steps", "3"]) == 0
    assert has_finder(fitted_photos)

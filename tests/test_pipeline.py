"""The main job through the command line, on a generator of a few kilobytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from partly.cli.command_line import run
from partly.data.labels.annotation import load_annotation
from partly.data.labels.label_maps import read_label_map, write_label_map
from partly.project.project_folder import open_project
from partly.project.proposed_pictures import find_picture
from tests.fakes import TWO_PARTS

SMALL = [
    "--n-pictures",
    "30",
    "--size",
    "32",
    "--steps",
    "3",
    "--architecture",
    "unet-small",
    "--workers",
    "1",
]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    """The JSON that a command prints; it must end well."""
    capsys.readouterr()
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_nothing_to_segmented_photos(tmp_path, generator_folder, capsys):
    folder = tmp_path / "things"
    state = told(
        capsys, "new", str(folder), "--generator", str(generator_folder), "--parts", "background,thing"
    )
    assert state["next_step"] == f"partly label {folder}"

    proposed = told(capsys, "pictures", str(folder), "--n", "2", "--candidates", "5")
    with Image.open(proposed["contact_sheet"]) as sheet:
        assert sheet.width == 2 * 256 + 3 * 4  # pictures of 64 px are shown four times as large
    picture = proposed["pictures"][0]
    with Image.open(picture["path"]) as image:
        assert image.size == (64, 64)

    label_map = np.zeros((64, 64), np.uint8)
    label_map[16:48, 16:48] = 1
    label_map[0, 0] = 255
    write_label_map(tmp_path / f"{picture['id']}.png", label_map, TWO_PARTS)
    labelled = told(capsys, "label", str(folder), str(tmp_path / f"{picture['id']}.png"))
    assert labelled["annotations"][0]["n_pixels"] == {"background": 3071, "thing": 1024, "unlabelled": 1}
    assert labelled["next_step"] == f"partly fit {folder}"
    project = open_project(folder)
    kept = load_annotation(project.annotations, picture["id"], project.part_set)
    assert np.array_equal(kept.label_map, label_map)
    assert np.array_equal(kept.w, find_picture(project, picture["id"]).w)

    fitted = told(capsys, "fit", str(folder))
    assert Path(fitted["previews"]).is_file()
    assert told(capsys, "fit", str(folder))["was_there"]

    distilled = told(capsys, "distil", str(folder), *SMALL)
    assert 0 <= distilled["held_out_iou"] <= 1
    assert told(capsys, "distil", str(folder), *SMALL)["was_there"]
    assert told(capsys, "info", str(folder))["next_step"] == f"partly segment {folder} PHOTOS"

    photos = tmp_path / "photos"
    photos.mkdir()
    Image.fromarray(np.zeros((40, 50, 3), np.uint8)).save(photos / "a.png")
    segmented = told(capsys, "segment", str(folder), str(photos), "--out", str(tmp_path / "out"))
    assert segmented["segmented"] == ["a.png"]
    assert read_label_map(tmp_path / "out/labels/a.png", TWO_PARTS).shape == (40, 50)

    truth = tmp_path / "truth"
    write_label_map(truth / "a.png", np.zeros((40, 50), np.uint8), TWO_PARTS)
    by_network = told(
        capsys, "evaluate", str(folder), str(truth), "--photos", str(photos), "--out", str(tmp_path / "ev")
    )
    by_maps = told(
        capsys,
        *("evaluate", str(tmp_path / "out/labels"), str(truth), "--parts", str(folder / "project.toml")),
        *("--out", str(tmp_path / "ev2")),
    )
    assert by_network["confusion"] == by_maps["confusion"]
    assert (tmp_path / "ev/evaluation.html").is_file()

    page = Path(told(capsys, "report", str(folder))["page"]).read_text()
    assert "Training of the network" in page
    assert "https://" not in page

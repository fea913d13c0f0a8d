"""What the process of a job does, here in the tests' own process."""

import io
import json

import numpy as np
import pytest
import torch

from partly.data.labels.annotation import save_annotation
from partly.data.labels.part_sets import PartSet
from partly.data.photos.encoding import write_png
from partly.errors import BadLabel, BadPhoto, BadProject, FolderBusy
from partly.inference.segment.segment_folder import segment_all
from partly.machine import MachineOptions, PieceClaims
from partly.models.networks.auto_shot_network import load_network
from partly.project.distil_verb import DistilResult
from partly.studio.session.job import JobReports
from partly.studio.session.job_process import run_job
from partly.studio.session.job_verbs import RUN
from tests.conftest import label_photo
from tests.fakes import TWO_PARTS, thing_annotation


def told(verb, project, **options):
    stream = io.StringIO()
    RUN[verb](project, options, JobReports(stream))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.slow
def test_distil_fits_first_unless_that_was_done(labelled_project, generator):
    lines = told("distil", labelled_project, n_workers=1)
    texts = list(dict.fromkeys(line["text"] for line in lines if "text" in line))
    assert texts.index("previewing") < texts.index("labelling pictures") < texts.index("training")
    assert texts[-1].startswith("the network is made; it agrees with the segmenter to ")
    loss = [(line["step"], line["value"]) for line in lines if line.get("curve") == "loss"]
    assert [step for step, _ in loss] == [1, 2, 3]
    assert {line["curve"] for line in lines if "curve" in line} == {"loss", "agreement"}
    panels = [line["panel"] for line in lines if "panel" in line]
    assert len(panels) == len(set(panels)) > 8
    again = told("distil", labelled_project, n_workers=1)
    assert "previewing" not in {line.get("text") for line in again}
    save_annotation(labelled_project.annotations, thing_annotation(generator, 1), TWO_PARTS)
    more = told("distil", labelled_project, n_workers=1, second_round=1.0)
    assert "previewing" in {line.get("text") for line in more}
    assert {line["curve"] for line in more if "curve" in line} >= {"loss", "loss, second round"}


def test_a_part_that_nobody_painted(make_project, generator):
    three = PartSet.from_names(("background", "thing", "other"))
    project = make_project(part_set=three)
    save_annotation(project.annotations, thing_annotation(generator, 0), three)
    with pytest.raises(BadLabel, match=r"no picture has a pixel of other; .* --allow-missing-parts"):
        told("fit", project)
    lines = told("distil", project, n_workers=1, allow_missing_parts=True)
    texts = [line["text"] for line in lines if "text" in line]
    assert "fitted on 1 labelled picture, without other" in texts
    assert texts[-1].startswith("the network is made")
    assert load_network(project.auto_shot).part_set == three


def test_photos_of_the_project(labelled_project):
    with pytest.raises(BadPhoto, match=r"there is no folder of photos in the project; .*add them on"):
        told("segment", labelled_project)
    write_png(labelled_project.folder / "photos" / "a.png", np.zeros((8, 9, 3), np.uint8))
    with pytest.raises(BadProject, match="has no auto-shot network yet"):
        told("segment", labelled_project)
    told("distil", labelled_project, n_workers=1)
    lines = told("segment", labelled_project, thorough=True)
    assert lines[-1]["text"] == f"segmented 1 photo: {labelled_project.folder / 'segmented'}"
    assert [line["panel"].rsplit("/")[-1] for line in lines if "panel" in line] == ["a.jpg"]


HALVES = {"device": "cpu", "precision": "bfloat16"}


def test_a_network_is_made_on_the_machine_of_the_studio(fitted_photos, monkeypatch):
    asked = []

    def distil_project(project, config, *, reports, machine_options, **others):
        reports.on_note("Memory was short.")
        asked.append(machine_options)
        return DistilResult(project.auto_shot, project.runs, 0.5, was_there=False)

    monkeypatch.setattr("partly.project.distil_project", distil_project)
    lines = told("distil", fitted_photos, **HALVES)
    assert asked == [MachineOptions(**HALVES)]
    texts = [line["text"] for line in lines]
    assert texts[-2:] == [
        "Memory was short.",
        "the network is made; it agrees with the segmenter to 50.0 % mean IoU. Memory was short",
    ]


def test_photos_are_segmented_on_the_machine_of_the_studio(fitted_photos, monkeypatch):
    asked = []

    def segment(*arguments, machine, on_note, **options):
        asked.append(machine.name)
        on_note("Batches of 8 images from here on.")
        return segment_all(*arguments, machine=machine, on_note=on_note, **options)

    monkeypatch.setattr("partly.inference.segment.segment_all", segment)
    last = told("segment", fitted_photos, **HALVES)[-1]["text"]
    assert asked == ["cpu, bfloat16"]
    folder = fitted_photos.folder / "segmented"
    assert last == f"segmented 6 photos: {folder}. Batches of 8 images from here on"
    assert not (folder / ".partly" / "runs-at-work").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), "memory is too short, even for one picture"),
        (NotImplementedError("'aten::x' is not implemented for the MPS device"), "Apple's GPU cannot"),
    ],
)
def test_what_a_device_cannot_do_is_said(photo_project, monkeypatch, error, said):
    def fails(*_arguments):
        raise error

    monkeypatch.setitem(RUN, "fit", fails)
    stream = io.StringIO()
    assert run_job("fit", str(photo_project.folder), {}, JobReports(stream)) == 1
    last = json.loads(stream.getvalue().splitlines()[-1])["error"]
    assert last.startswith(said)
    assert "--device cpu" in last


def test_other_errors_of_a_job_are_defects(photo_project, monkeypatch):
    def fails(*_arguments):
        raise TypeError("a defect")

    monkeypatch.setitem(RUN, "fit", fails)
    with pytest.raises(TypeError, match="a defect"):
        run_job("fit", str(photo_project.folder), {}, JobReports(io.StringIO()))


def test_photos_that_a_command_is_segmenting(fitted_photos):
    folder = fitted_photos.folder / "segmented"
    with PieceClaims(folder), pytest.raises(FolderBusy, match="another command is writing to this folder"):
        told("segment", fitted_photos)
    assert not (folder / "labels").exists()


def test_a_project_of_photos_is_fitted_and_segments_its_photos(photo_project):
    label_photo(photo_project, 0)
    assert told("fit", photo_project)[-1]["text"] == "fitted on 1 labelled picture"
    lines = told("segment", photo_project)
    assert lines[-1]["text"] == f"segmented 6 photos: {photo_project.folder / 'segmented'}"

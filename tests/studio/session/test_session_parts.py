"""The part set changes, and all that was painted follows."""

import threading

import numpy as np
import pytest

from partly.data.labels.annotation import annotation_part_set, load_annotation
from partly.data.labels.part_changes import (
    AddPart,
    DeletePart,
    MergeParts,
    MoveParts,
    RecolourPart,
    RenamePart,
)
from partly.errors import BadLabel, BadProject
from partly.project.project_folder import open_project
from partly.project.project_settings import read_settings
from partly.studio.session.live_models import LiveModels
from partly.studio.session.overview import overview
from tests.studio.tiny_sessions import Ears, stroke


def test_all_follows(session):
    ears = Ears(session.events)
    session.painting.paint("p0", "a", stroke(0, 0, 20, 20, 0))
    session.painting.paint("p0", "a", stroke(30, 30, 20, 20, 1))
    session.worker.settle()
    parts, version, table = session.parts.change(AddPart("new", after="background"))
    assert [part["name"] for part in parts] == ["background", "new", "thing"]
    assert (version, table[:3].tolist(), table[255]) == (1, [0, 2, 255], 255)
    assert ears.wait("parts").data == {"parts_version": 1}
    # At once, before the next fit: in ids of the new part set.
    assert set(np.unique(session.predictions.of_picture("p0").labels)) <= {0, 2}
    session.worker.settle()
    assert (session.predictions.of_picture("p0").labels[30:50, 30:50] == 2).mean() > 0.9
    assert (session.predictions.of_wall().labels != 1).all()
    patch, _ = session.painting.undo("p0", "a")
    patch, _ = session.painting.redo("p0", "a")
    assert (patch.labels == 2).all()
    session.label_exchange.export_zip(format_name="png")
    saved = load_annotation(session.project.annotations, "p0", session.project.part_set)
    assert np.array_equal(saved.label_map, session.painting.labels("p0"))
    assert annotation_part_set(session.project.annotations, "p0") == session.project.part_set
    assert open_project(session.project.folder).part_set == session.project.part_set


def test_a_change_before_the_models_are_loaded(pictured_project, open_session, monkeypatch):
    gate, load = threading.Event(), LiveModels.load

    def load_later(self):
        assert gate.wait(60)
        load(self)

    monkeypatch.setattr(LiveModels, "load", load_later)
    session = open_session(pictured_project)
    session.painting.paint("p0", "a", stroke(0, 0, 20, 20, 0))
    session.painting.paint("p0", "a", stroke(30, 30, 20, 20, 1))
    session.parts.change(AddPart("new", after="background"))
    gate.set()
    session.worker.settle()
    session.parts.change(MoveParts(("background", "thing", "new")))
    session.worker.settle()
    assert (session.predictions.of_picture("p0").labels[30:50, 30:50] == 1).mean() > 0.9


def test_a_stroke_of_an_older_part_set_is_translated(session):
    session.parts.change(AddPart("new", after="background"))
    session.painting.paint("p0", "a", stroke(0, 0, 4, 4, 1), parts_version=0)
    session.painting.paint("p0", "a", stroke(8, 8, 4, 4, 1), parts_version=1)
    labels = session.painting.labels("p0")
    assert (labels[:4, :4] == 2).all()
    assert (labels[8:12, 8:12] == 1).all()
    with pytest.raises(BadLabel, match="has no version 7 of the part set"):
        session.painting.paint("p0", "a", stroke(0, 0, 4, 4, 1), parts_version=7)


def test_a_deleted_part_is_unlabelled_and_nothing_is_left_to_predict(session):
    session.parts.change(AddPart("new"))
    session.painting.paint("p0", "a", stroke(0, 0, 20, 20, 2))
    session.painting.paint("p0", "a", stroke(30, 30, 20, 20, 1))
    session.worker.settle()
    assert session.predictions.of_picture("p0") is not None
    session.parts.change(DeletePart("new"))
    session.worker.settle()
    assert session.predictions.of_picture("p0") is None
    assert (session.painting.labels("p0")[:20, :20] == 255).all()
    assert overview(session)["pictures"][0]["n_parts_labelled"] == 1
    # Undone to nothing and redone, the deleted part's stroke is one without pixels.
    while session.painting.undo("p0", "a"):
        pass
    assert (session.painting.labels("p0") == 255).all()


def test_what_was_written_by_hand_in_the_project_file_stays(session):
    path = session.project.folder / "project.toml"
    path.write_text(path.read_text().replace("n_steps = 3", "n_steps = 5"))
    session.parts.change(RenamePart("thing", "leaf"))
    assert read_settings(session.project.folder).auto_shot.n_steps == 5
    session.parts.change(RecolourPart("leaf", (1, 2, 3)))
    assert overview(session)["parts"][1] == {"name": "leaf", "colour": [1, 2, 3], "mirror": None}


def test_changes_that_cannot_be_change_nothing(session):
    for change in (
        DeletePart("background"),
        DeletePart("thing"),
        MergeParts("thing", "x"),
        MoveParts(("thing",)),
    ):
        with pytest.raises(BadLabel):
            session.parts.change(change)
    path = session.project.folder / "project.toml"
    path.write_text("{")
    with pytest.raises(BadProject, match="is no TOML"):
        session.parts.change(AddPart("new"))
    assert session.parts.version == 0

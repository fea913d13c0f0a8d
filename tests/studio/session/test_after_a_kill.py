"""Whatever a kill leaves, what was acknowledged is there at the next start."""

import shutil

import numpy as np
import pytest

from partly.data.labels.annotation import (
    annotation_ids,
    annotation_part_set,
    load_annotation,
    save_annotation,
)
from partly.data.labels.part_changes import AddPart, MergeParts
from partly.data.labels.part_sets import PartSet
from partly.project.project_folder import open_project
from partly.studio.session import annotation_saver as saving_module
from partly.studio.session.overview import overview
from partly.studio.session.session import Session
from partly.studio.session.session_parts import Parts
from tests.fakes import TWO_PARTS, thing_annotation
from tests.studio.tiny_sessions import TINY_STUDIO, Ears, add_picture, stroke

THREE = PartSet.from_names(("background", "thing", "other"))


@pytest.fixture(autouse=True)
def never_saved(monkeypatch):
    """No annotation is written before the end, which the tests leave out."""
    monkeypatch.setattr(saving_module, "_CALM_S", 1000.0)


def killed_copy(session, tmp_path):
    """The project as a kill would leave it now.

    A kill comes at one moment, and a copy takes a while, in which nothing may be written.
    """
    folder = tmp_path / "killed"
    with session.workspace.lock:
        for _ in range(20):
            try:
                shutil.copytree(session.project.folder, folder)
                break
            except shutil.Error:
                # A temporary file vanished: overlays are written without the lock.
                shutil.rmtree(folder)
    return open_project(folder)


def test_strokes_that_no_annotation_has(session, tmp_path, open_session):
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    session.painting.paint("p0", "a", stroke(5, 5, 10, 10, 0))
    labels = session.painting.labels("p0")
    copy = killed_copy(session, tmp_path)
    assert annotation_ids(copy.annotations) == []
    later = open_session(copy)
    assert overview(later)["pictures"][0]["labelled_share"] > 0
    assert np.array_equal(later.painting.labels("p0"), labels)
    assert later.painting.open("p0", "a")[1].n_strokes == 2
    later.close()
    assert np.array_equal(load_annotation(copy.annotations, "p0", TWO_PARTS).label_map, labels)


def test_strokes_after_the_annotation(session, tmp_path, open_session):
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    session.label_exchange.export_zip(format_name="png")  # saves
    assert annotation_ids(session.project.annotations) == ["p0"]
    session.painting.paint("p0", "a", stroke(20, 20, 10, 10, 0))
    labels = session.painting.labels("p0")
    later = open_session(killed_copy(session, tmp_path))
    assert np.array_equal(later.painting.labels("p0"), labels)
    assert later.painting.undo("p0", "a") is not None


def test_an_annotation_without_the_note_in_the_journal(session, tmp_path, open_session, monkeypatch):
    monkeypatch.setattr(
        "partly.studio.session.label_map_store.LabelMapStore.saved", lambda self, snapshot: None
    )
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    session.label_exchange.export_zip(format_name="png")
    later = open_session(killed_copy(session, tmp_path))
    assert later.painting.open("p0", "a")[1].n_strokes == 1


def test_a_stroke_between_the_annotation_and_its_note(session, tmp_path, open_session, monkeypatch):
    write = saving_module.write_annotation

    def write_while_somebody_paints(snapshot):
        write(snapshot)
        session.painting.paint("p0", "a", stroke(30, 30, 5, 5, 0))

    monkeypatch.setattr(saving_module, "write_annotation", write_while_somebody_paints)
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    session.label_exchange.export_zip(format_name="png")
    labels = session.painting.labels("p0")
    assert (labels != 255).sum() == 125
    copy = killed_copy(session, tmp_path)
    assert b'"saved"' in (copy.annotations / "strokes" / "p0.jsonl").read_bytes().splitlines()[-1]
    later = open_session(copy)
    assert overview(later)["pictures"][0]["labelled_share"] == pytest.approx(125 / 64**2)
    assert np.array_equal(later.painting.labels("p0"), labels)


def test_a_png_without_its_json(session, tmp_path, open_session):
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    session.label_exchange.export_zip(format_name="png")
    copy = killed_copy(session, tmp_path)
    (copy.annotations / "p0.json").unlink()
    later = open_session(copy)
    assert overview(later)["pictures"][0]["labelled_share"] == pytest.approx(100 / 64**2)


def test_the_part_set_changed_but_no_annotation_did(make_project, generator, tmp_path, open_session):
    """One annotation has a journal, and the other comes from elsewhere."""
    project = make_project(part_set=THREE)
    add_picture(project, generator, 0)
    save_annotation(project.annotations, thing_annotation(generator, 1), THREE)
    add_picture(project, generator, 1)
    session = open_session(project)
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 2))
    session.painting.paint("p0", "a", stroke(10, 10, 10, 10, 1))
    session.label_exchange.export_zip(format_name="png")
    copy = killed_copy(session, tmp_path)
    with Session(copy, TINY_STUDIO) as changing:
        with changing.workspace.lock:  # so that no annotation is written yet
            changing.parts.change(MergeParts("thing", "other"))
            halfway = killed_copy(changing, tmp_path / "halfway")
            assert annotation_part_set(halfway.annotations, "p1") == THREE
        expected = {name: changing.painting.labels(name) for name in ("p0", "p1")}
    later = open_session(halfway)
    assert later.project.part_set.names == ("background", "other")
    assert overview(later)["problems"] == {}
    for name, labels in expected.items():
        assert set(np.unique(labels)) <= {0, 1, 255}
        assert np.array_equal(later.painting.labels(name), labels)
    later.close()
    for name, labels in expected.items():
        found = load_annotation(halfway.annotations, name, later.project.part_set)
        assert np.array_equal(found.label_map, labels)
    assert not list((halfway.folder / "studio" / "asides").glob("[!.]*"))


def test_an_annotation_without_a_journal_is_rewritten_safely(
    make_project, generator, tmp_path, open_session, monkeypatch
):
    project = make_project(part_set=THREE)
    save_annotation(project.annotations, thing_annotation(generator, 0), THREE)
    add_picture(project, generator, 0)
    session = open_session(project)
    before = session.painting.labels("p0")

    def cut_off(folder, annotation, part_set, overwrite):
        (folder / f"{annotation.id}.json").unlink()
        (folder / f"{annotation.id}.png").write_bytes(b"half")
        copies.append(killed_copy(session, tmp_path))
        raise OSError("killed")

    copies = []
    monkeypatch.setattr(saving_module, "save_annotation", cut_off)
    ears = Ears(session.events)
    session.parts.change(MergeParts("thing", "other"))
    assert ears.wait("problem").data == {"text": "killed"}
    # After a mere error it is what it was before.
    assert np.array_equal(session.painting.labels("p0"), before)
    monkeypatch.undo()
    later = open_session(copies[0])
    assert np.array_equal(later.painting.labels("p0"), before)
    later.close()
    assert np.array_equal(
        load_annotation(copies[0].annotations, "p0", later.project.part_set).label_map, before
    )


def test_project_toml_was_not_written(session, tmp_path, open_session, monkeypatch):
    """The kill came between the history of parts and the project's own file."""
    session.painting.paint("p0", "a", stroke(0, 0, 10, 10, 1))
    write, copies = Parts._write, []

    def copied_before(self):
        copies.append(killed_copy(session, tmp_path))
        write(self)

    monkeypatch.setattr(Parts, "_write", copied_before)
    session.parts.change(AddPart("new", after="background"))
    monkeypatch.undo()
    assert copies[0].part_set == TWO_PARTS
    later = open_session(copies[0])
    assert later.project.part_set.names == ("background", "new", "thing")
    assert (later.painting.labels("p0")[:10, :10] == 2).all()
    assert open_project(copies[0].folder).part_set.names == ("background", "new", "thing")

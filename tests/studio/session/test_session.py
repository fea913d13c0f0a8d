"""What a page can do, without a page."""

import json
from dataclasses import replace

import numpy as np
import pytest

from partly.data.labels.annotation import annotation_ids, load_annotation, save_annotation
from partly.errors import BadLabel, BadOption, BadPhoto, FolderBusy, NotFound, NotReady, OpenElsewhere
from partly.project.project_folder import open_project
from partly.studio.session.overview import overview
from partly.studio.session.picture_proposals import ProposalRequest
from partly.studio.session.session import Session
from tests.fakes import TWO_PARTS, thing_annotation
from tests.studio.tiny_sessions import TINY_STUDIO, Ears, add_picture, stroke, until


def paint_two_parts(session, picture_id="p0", tab="a"):
    session.painting.paint(picture_id, tab, stroke(0, 0, 20, 20, 0))
    return session.painting.paint(picture_id, tab, stroke(30, 30, 20, 20, 1))


def test_the_state_at_first(session):
    session.worker.settle()
    state = overview(session)
    assert state["project"] == {
        "name": "project",
        "folder": str(session.project.folder),
        "generator": session.project.settings.generator,
        "labels": "pictures",
        "photos": "",
    }
    assert state["parts"] == [
        {"name": "background", "colour": [28, 28, 36], "mirror": None},
        {"name": "thing", "colour": [250, 205, 75], "mirror": None},
    ]
    assert [picture["id"] for picture in state["pictures"]] == ["p0", "p1"]
    assert state["pictures"][0] == {
        "id": "p0",
        "name": "p0",
        "width_px": 64,
        "height_px": 64,
        "status": "new",
        "pinned": False,
        "skipped": False,
        "reason": "yours",
        "score": None,
        "labelled_share": 0.0,
        "n_parts_labelled": 0,
    }
    assert state["wall"] == state["wall_ready"] == ["wall-0", "wall-1"]
    assert state["live"] == {"state": "ready", "done": 2, "total": 2, "problem": None}
    assert state["models"] == {"few_shot": "missing", "auto_shot": "missing", "onnx": False}
    assert (state["jobs"], state["problems"], state["proposing"], state["album"]) == ([], {}, None, None)
    assert state["missing_parts"] == ["background", "thing"]
    assert state["next_step"].startswith("Choose a part and paint it")
    json.dumps(state)


def test_strokes_become_a_prediction_of_the_picture_and_the_wall(session):
    ears = Ears(session.events)
    held, before = session.painting.open("p0", "a")
    assert (held, before.height_px, before.width_px) == (False, 64, 64)
    assert (before.n_strokes, before.can_undo) == (0, False)
    assert session.predictions.of_picture("p0") is None
    assert session.predictions.of_wall() is None
    painted = paint_two_parts(session)
    assert (painted.n_strokes, painted.can_undo, painted.can_redo) == (2, True, False)
    assert painted.labelled_share == pytest.approx(800 / 64**2)
    event = ears.wait("prediction", lambda event: session.predictions.of_picture("p0") is not None)
    assert event.data["id"] == "p0"
    session.worker.settle()
    predicted = session.predictions.of_picture("p0")
    assert predicted.labels.shape == predicted.doubt.shape == (64, 64)
    assert set(np.unique(predicted.labels)) <= {0, 1}
    assert (predicted.labels[:20, :20] == 0).mean() > 0.9
    assert (predicted.labels[30:50, 30:50] == 1).mean() > 0.9
    assert session.predictions.of_wall().labels.shape == (2, 64, 64)
    assert ears.data("wall")[-1]["version"] == session.predictions.of_wall().version == predicted.version


def test_with_one_part_there_is_nothing_to_tell_apart(session):
    session.worker.settle()
    ears = Ears(session.events)
    session.painting.paint("p0", "a", stroke(0, 0, 9, 9, 1))
    session.worker.settle()
    assert session.predictions.of_picture("p0") is None
    assert overview(session)["next_step"].startswith("Paint a second part")
    with pytest.raises(NotReady, match=r"nothing is predicted for this picture yet. Paint two parts"):
        session.painting.accept("p0", "a")
    session.painting.paint("p0", "a", stroke(20, 20, 9, 9, 0))
    session.worker.settle()
    assert session.predictions.of_picture("p0") is not None
    session.painting.undo("p0", "a")
    session.worker.settle()
    assert session.predictions.of_picture("p0") is None
    assert session.predictions.of_wall() is None
    assert ears.data("prediction")[-1]["id"] == "p0"


def test_undo_and_redo_give_patches(session):
    paint_two_parts(session)
    patch, painted = session.painting.undo("p0", "a")
    assert (patch.x, patch.y, patch.labels.shape) == (30, 30, (20, 20))
    assert (patch.labels == 255).all()
    assert (painted.n_strokes, painted.can_redo) == (1, True)
    patch, painted = session.painting.redo("p0", "a")
    assert (patch.labels == 1).all()
    assert session.painting.redo("p0", "a") is None
    for _ in range(2):
        assert session.painting.undo("p0", "a") is not None
    assert session.painting.undo("p0", "a") is None
    assert (session.painting.labels("p0") == 255).all()


def test_a_picture_that_nobody_painted_can_be_accepted(session):
    paint_two_parts(session)
    session.painting.open("p1", "a")
    session.worker.settle()
    predicted = session.predictions.of_picture("p1").labels
    patch, painted = session.painting.accept("p1", "a")
    assert np.array_equal(patch.labels, predicted)
    assert np.array_equal(session.painting.labels("p1"), predicted)
    assert (painted.n_strokes, painted.labelled_share) == (1, 1.0)
    pictures = {picture["id"]: picture for picture in overview(session)["pictures"]}
    assert (pictures["p0"]["status"], pictures["p1"]["status"]) == ("painted", "accepted")
    session.painting.paint("p1", "a", stroke(0, 0, 3, 3, 1))
    session.painting.undo("p1", "a")
    session.painting.undo("p1", "a")
    assert overview(session)["pictures"][1]["status"] == "new"


def test_accepting_keeps_what_was_painted_unless_told_otherwise(session):
    paint_two_parts(session)
    session.worker.settle()
    session.painting.paint("p0", "a", stroke(0, 0, 4, 4, 1))
    patch, _ = session.painting.accept("p0", "a")
    assert (patch.labels[:4, :4] == 1).all()
    session.worker.settle()
    predicted = session.predictions.of_picture("p0").labels
    patch, _ = session.painting.accept("p0", "a", only_unlabelled=False)
    assert np.array_equal(patch.labels, predicted)


def test_two_tabs(session):
    ears = {tab: Ears(session.events, tab) for tab in ("a", "b")}
    session.painting.open("p0", "a")
    assert session.painting.open("p0", "b")[0]
    with pytest.raises(OpenElsewhere):
        session.painting.paint("p0", "b", stroke(0, 0, 2, 2, 1))
    assert not session.painting.open("p0", "b", take=True)[0]
    assert ears["a"].wait("taken").data == {"id": "p0"}
    assert ears["b"].data("taken") == []
    for step in (
        lambda: session.painting.paint("p0", "a", stroke(0, 0, 2, 2, 1)),
        lambda: session.painting.undo("p0", "a"),
        lambda: session.painting.accept("p0", "a"),
    ):
        with pytest.raises(OpenElsewhere):
            step()
    session.painting.paint("p0", "b", stroke(0, 0, 2, 2, 1))
    session.painting.leave("b")  # it listens still
    with pytest.raises(OpenElsewhere):
        session.painting.undo("p0", "a")
    ears["b"].leave()
    session.painting.leave("b")
    assert session.painting.undo("p0", "a") is not None


def test_the_annotation_follows_and_an_empty_one_is_removed(session):
    ears = Ears(session.events)
    paint_two_parts(session)
    assert ears.wait("saved").data == {"id": "p0"}
    annotation = load_annotation(session.project.annotations, "p0", TWO_PARTS)
    assert np.array_equal(annotation.label_map, session.painting.labels("p0"))
    assert (session.project.annotations / "overlays" / "p0.jpg").is_file()
    for _ in range(2):
        session.painting.undo("p0", "a")
    until(lambda: not list((session.project.annotations / "overlays").iterdir()))
    assert annotation_ids(session.project.annotations) == []
    session.painting.redo("p0", "a")
    until(lambda: annotation_ids(session.project.annotations) == ["p0"])


def test_all_is_there_after_a_restart(pictured_project, open_session):
    with Session(pictured_project, TINY_STUDIO) as first:
        paint_two_parts(first)
        first.painting.undo("p0", "a")
        labels = first.painting.labels("p0")
        first.pictures.choose("p1", pinned=True)
    second = open_session(pictured_project)
    assert np.array_equal(second.painting.labels("p0"), labels)
    held, painted = second.painting.open("p0", "b")
    assert (held, painted.n_strokes, painted.can_undo, painted.can_redo) == (False, 1, True, True)
    assert second.painting.redo("p0", "b") is not None
    second.worker.settle()
    assert second.predictions.of_picture("p0") is not None
    assert overview(second)["pictures"][1]["pinned"]


def test_annotations_from_elsewhere_are_learned_and_can_be_undone(labelled_project, generator, open_session):
    annotation = thing_annotation(generator, 0)
    add_picture(labelled_project, generator, 0)
    session = open_session(labelled_project)
    state = overview(session)
    assert state["pictures"][0]["status"] == "painted"
    assert state["pictures"][0]["labelled_share"] == 1
    assert session.painting.open("p0", "a")[1].can_undo is False
    session.worker.settle()
    assert (session.predictions.of_picture("p0").labels == annotation.label_map).mean() > 0.8
    session.painting.paint("p0", "a", stroke(0, 0, 8, 8, 255))
    session.painting.undo("p0", "a")
    assert np.array_equal(session.painting.labels("p0"), annotation.label_map)


def test_an_annotation_of_another_picture_is_left_alone(labelled_project, generator, open_session):
    add_picture(labelled_project, generator, 1, "p0")
    before = (labelled_project.annotations / "p0.png").read_bytes()
    session = open_session(labelled_project)
    assert "is an annotation of another picture of the same name" in overview(session)["problems"]["p0"]
    with pytest.raises(BadLabel, match="Move the annotation or the picture away"):
        session.painting.open("p0", "a")
    session.worker.settle()
    session.close()
    assert (labelled_project.annotations / "p0.png").read_bytes() == before


def test_pictures_of_another_command_appear(session, generator):
    add_picture(session.project, generator, 2)
    assert [picture["id"] for picture in overview(session)["pictures"]] == ["p0", "p1", "p2"]
    session.painting.paint("p2", "a", stroke(0, 0, 2, 2, 1))


def test_labels_of_another_command_are_learned_and_nothing_painted_is_lost(session, generator, monkeypatch):
    monkeypatch.setattr("partly.studio.session.annotation_saver._CALM_S", 1000.0)
    session.worker.settle()
    session.painting.paint("p0", "a", stroke(0, 0, 8, 8, 1))
    for index in range(2):
        save_annotation(session.project.annotations, thing_annotation(generator, index), TWO_PARTS)
    assert [picture["status"] for picture in overview(session)["pictures"]] == ["painted", "painted"]
    for index in range(2):
        expected = thing_annotation(generator, index).label_map
        assert np.array_equal(session.painting.labels(f"p{index}"), expected)
    session.worker.settle()
    assert session.predictions.of_wall() is not None
    session.painting.undo("p0", "a")
    assert (session.painting.labels("p0") != 255).sum() == 64


def test_an_annotation_of_another_command_is_not_overwritten(session, generator, monkeypatch):
    monkeypatch.setattr("partly.studio.session.annotation_saver._CALM_S", 1000.0)
    session.painting.paint("p0", "a", stroke(0, 0, 8, 8, 1))
    session.label_exchange.export_zip(format_name="png")
    annotation = thing_annotation(generator, 0)
    save_annotation(session.project.annotations, annotation, TWO_PARTS, overwrite=True)
    session.painting.paint("p0", "a", stroke(20, 20, 8, 8, 0))
    session.close()
    kept = load_annotation(session.project.annotations, "p0", TWO_PARTS).label_map
    assert np.array_equal(kept, annotation.label_map)


def test_a_damaged_annotation_of_another_command_is_told_until_it_is_mended(session, generator):
    path = session.project.annotations / "p1.json"
    path.write_text("{")
    for _ in range(2):
        assert "p1.json: is no JSON" in overview(session)["problems"]["p1"]
    save_annotation(session.project.annotations, thing_annotation(generator, 1), TWO_PARTS, overwrite=True)
    assert overview(session)["problems"] == {}
    assert overview(session)["pictures"][1]["status"] == "painted"


def test_images(session):
    session.worker.settle()
    whole, small = session.pictures.image("p0"), session.pictures.image("p0", 32)
    assert whole.data == (session.project.pictures / "p0.png").read_bytes()
    assert (whole.media_type, small.media_type) == ("image/png", "image/jpeg")
    assert session.pictures.image("p0", 32) is small
    assert len({whole.tag, small.tag, session.pictures.image("p1").tag}) == 3
    assert session.pictures.image("wall-0", 999).data.startswith(b"\xff\xd8")
    with pytest.raises(BadOption, match="the size is 8; expected 16 to 1024"):
        session.pictures.image("p0", 8)
    with pytest.raises(NotFound):
        session.pictures.image("../project")


def test_a_picture_of_the_wall_becomes_one_to_label(session):
    session.worker.settle()
    picture = session.wall.take("wall-1")
    assert session.pictures.facts(picture.id)["reason"] == "asked"
    assert session.wall.take("wall-1").id == picture.id
    assert [entry["id"] for entry in overview(session)["pictures"]] == ["p0", "p1", picture.id]
    assert session.painting.open(picture.id, "a")[1].width_px == 64
    with pytest.raises(NotFound, match="there is no picture 'wall-2' on the wall"):
        session.wall.take("wall-2")


def test_the_wall_is_found_again(session, pictured_project, open_session):
    session.worker.settle()
    wall = {path: path.stat().st_mtime_ns for path in (pictured_project.folder / "studio" / "wall").iterdir()}
    session.close()
    again = open_session(pictured_project)
    again.worker.settle()
    assert len(wall) == 2
    assert {path: path.stat().st_mtime_ns for path in wall} == wall


def test_superpixels_come_by_event(session):
    session.worker.settle()
    ears = Ears(session.events)
    assert session.superpixels.of_picture("p0") is None
    ears.wait("superpixels", lambda event: event.data == {"id": "p0"})
    regions = session.superpixels.of_picture("p0")
    assert (regions.dtype, regions.shape) == (np.uint16, (64, 64))


def test_another_picture_with_truncation(session):
    ears = Ears(session.events)
    session.proposals.ask(ProposalRequest("another", 2, (0.5, 0.5), 3))
    session.worker.settle()
    new = overview(session)["pictures"][2:]
    assert [picture["id"] for picture in new] == ["picture-3-0-t500", "picture-3-1-t500"]
    assert {picture["reason"] for picture in new} == {"asked"}
    assert ears.data("pictures")
    session.proposals.ask(ProposalRequest("another"))
    session.proposals.ask(ProposalRequest("another"))
    session.worker.settle()
    assert len(overview(session)["pictures"]) == 6
    session.pictures.choose("picture-3-0-t500", pinned=True)
    session.proposals.ask(ProposalRequest("another", 1, (0.5, 0.5), 3))
    session.worker.settle()
    assert len(overview(session)["pictures"]) == 6
    assert overview(session)["pictures"][2]["pinned"]


def test_another_picture_before_any_proposal_is_another_one(project, open_session):
    session = open_session(project, replace(TINY_STUDIO, n_proposals=1))
    session.proposals.ask(ProposalRequest("another"))
    session.worker.settle()
    assert len({picture["id"] for picture in overview(session)["pictures"]}) == 3


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (("best",), "there is no kind 'best'; expected one of representative, unsure, another"),
        (("another", 0), "0 pictures; expected 1 to 64"),
        (("another", 1, (0.9, 0.5)), "the truncation is 0.9 to 0.5"),
        (("another", 1, None, -1), "the seed is -1"),
    ],
)
def test_wishes_that_cannot_be(wish, said):
    with pytest.raises(BadOption, match=said):
        ProposalRequest(*wish)


def test_a_project_without_pictures_gets_one_at_once_and_proposals_later(project, open_session):
    session = open_session(project)
    ears = Ears(session.events)
    session.worker.settle()
    pictures = overview(session)["pictures"]
    assert len(pictures) == 3
    assert {picture["reason"] for picture in pictures} == {"representative"}
    assert {"done": 1, "total": 3} in ears.data("proposing")
    assert ears.data("proposing")[-1] == {"done": 0, "total": 0}
    session.close()
    again = open_session(project)
    again.worker.settle()
    assert [picture["id"] for picture in overview(again)["pictures"]] == [
        picture["id"] for picture in pictures
    ]


def test_each_tab_has_one_picture_that_is_predicted(session):
    paint_two_parts(session)
    session.worker.settle()
    ears = Ears(session.events)
    session.painting.open("p1", "a")
    session.painting.open("p0", "b")
    session.painting.open("p0", "a")
    session.worker.settle()
    ears.forget()
    session.painting.paint("p0", "b", stroke(5, 5, 3, 3, 1))
    session.worker.settle()
    assert {data["id"] for data in ears.data("prediction")} == {"p0"}
    session.painting.open("p1", "a")
    session.worker.settle()
    assert session.predictions.of_picture("p1").version == session.predictions.of_picture("p0").version
    ears.forget()
    session.painting.leave("a")
    session.painting.paint("p0", "b", stroke(5, 9, 3, 3, 1))
    session.worker.settle()
    assert {data["id"] for data in ears.data("prediction")} == {"p0"}


def test_unsure_pictures(session):
    session.worker.settle()
    with pytest.raises(NotReady, match=r"nothing is learned yet. Paint two parts on a picture first"):
        session.proposals.ask(ProposalRequest("unsure", 1))
    paint_two_parts(session)
    session.worker.settle()
    session.proposals.ask(ProposalRequest("unsure", 2))
    session.worker.settle()
    pictures = overview(session)["pictures"][2:]
    assert [picture["reason"] for picture in pictures] == ["unsure", "unsure"]
    assert all(0 <= picture["score"] <= 1 for picture in pictures)


def test_a_generator_that_is_not_here(pictured_project, open_session):
    text = (pictured_project.folder / "project.toml").read_text()
    generator = pictured_project.settings.generator
    (pictured_project.folder / "project.toml").write_text(text.replace(generator, "ffhq"))
    session = open_session(open_project(pictured_project.folder))
    session.worker.settle()
    live = overview(session)["live"]
    assert live["state"] == "failed"
    assert "Run: partly get ffhq" in live["problem"]
    session.painting.paint("p0", "a", stroke(0, 0, 2, 2, 1))  # strokes are taken even so
    with pytest.raises(NotReady, match="the features are not there yet"):
        session.models.source  # noqa: B018


def test_one_session_at_a_time(session, pictured_project):
    with pytest.raises(FolderBusy, match=r"is open in another studio. Use the page of that one, or end it"):
        Session(pictured_project, TINY_STUDIO)
    session.close()
    session.close()
    Session(pictured_project, TINY_STUDIO).close()


def test_closing_is_told(session):
    ears = Ears(session.events)
    session.close()
    assert ears.data("closing") == [{}]


def test_photos_need_a_network(session):
    with pytest.raises(
        NotReady, match=r"there is no network for photos yet. Make it first: fit, then distil"
    ):
        session.network.segment(b"")
    with pytest.raises(NotFound, match=r"the network is not exported yet. Export it first"):
        session.network.facts()


def test_strokes_that_cannot_be(session):
    for patch, said in [
        (stroke(60, 0, 9, 9, 1), "the patch covers columns 60 to 68"),
        (stroke(0, 0, 9, 9, 2), "unknown part ids: 2"),
    ]:
        with pytest.raises(BadLabel, match=said):
            session.painting.paint("p0", "a", patch)
    for box in [(-1, 0, 2, 2), (0, 63, 1, 2), (0, 0, 65, 1), (0, 0, 0, 1)]:
        with pytest.raises(BadOption, match="expected one within 64 x 64 px"):
            session.painting.check_box("p0", "a", *box)
    assert session.painting.open("p0", "a")[1].n_strokes == 0


def test_a_damaged_photo(session, monkeypatch):
    monkeypatch.setattr("partly.studio.session.photo_network.model_digest", lambda folder: "x")
    with pytest.raises(BadPhoto):
        session.network.segment(b"no photo")

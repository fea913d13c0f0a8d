"""How good the labels are, while they are painted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from partly.errors import BadOption, NotFound, NotReady
from partly.project.project_folder import Project
from partly.studio.session.overview import overview
from partly.studio.session.picture_proposals import ProposalRequest
from partly.studio.session.session import Session
from tests.studio.tiny_sessions import TINY_STUDIO, Ears, stroke


def paint_two_parts(session: Session, picture_id: str) -> None:
    session.painting.paint(picture_id, "a", stroke(0, 0, 20, 20, 0))
    session.painting.paint(picture_id, "a", stroke(30, 30, 20, 20, 1))


def test_one_label_then_two(session: Session) -> None:
    session.worker.settle()
    assert overview(session)["quality"] is None
    ears = Ears(session.events)
    paint_two_parts(session, "p0")
    ears.wait("quality")
    session.worker.settle()
    first = overview(session)["quality"]
    assert (first["n_labelled"], [part["measure"] for part in first["parts"]]) == (1, ["two halves"] * 2)
    assert first["parts"][0]["says"] == "agreement of two halves of the features on 2 other pictures"
    paint_two_parts(session, "p1")
    session.worker.settle()
    second = overview(session)["quality"]
    assert second["version"] > first["version"]
    assert second["n_labelled"] == 2
    names = ["background", "thing"]
    assert [part["part"] for part in second["parts"]] == names
    assert {part["says"] for part in second["parts"]} == {
        "IoU on 2 pictures left out of the fit, one at a time"
    }
    ious = [part["iou"] for part in second["parts"]]
    assert second["worst"] == names[ious.index(min(ious))]
    json.dumps(second)


def test_without_labels_nothing_is_told_any_more(session: Session) -> None:
    session.painting.paint("p0", "a", stroke(0, 0, 20, 20, 0))
    session.painting.paint("p0", "a", stroke(30, 30, 20, 20, 1))
    session.worker.settle()
    assert overview(session)["quality"] is not None
    ears = Ears(session.events)
    session.painting.undo("p0", "a")
    session.worker.settle()
    assert overview(session)["quality"] is None
    assert len(ears.data("quality")) == 1


def test_whoever_paints_on_is_not_disturbed(
    pictured_project: Project, open_session: Callable[..., Session]
) -> None:
    session = open_session(pictured_project, replace(TINY_STUDIO, measure_after_s=3600.0))
    ears = Ears(session.events)
    paint_two_parts(session, "p0")
    ears.wait("wall", lambda event: session.predictions.of_wall() is not None)
    assert overview(session)["quality"] is None


def test_pictures_by_doubt_about_a_part(session: Session) -> None:
    with pytest.raises(NotReady, match="nothing is learned yet"):
        session.proposals.ask(ProposalRequest("unsure", part="thing"))
    paint_two_parts(session, "p0")
    session.worker.settle()
    before = set(session.workspace.tray.ids())
    asked: list[str | None] = []
    uncertainty = session.models.segmenter.uncertainty
    session.models.segmenter.uncertainty = lambda picture, part: (  # type: ignore[method-assign]
        asked.append(part) or uncertainty(picture, part)  # type: ignore[func-returns-value]
    )
    session.proposals.ask(ProposalRequest("unsure", part="thing"))
    session.worker.settle()
    [new] = set(session.workspace.tray.ids()) - before
    assert session.workspace.tray.choices(new).reason == "unsure"
    assert set(asked) == {"thing"}
    with pytest.raises(NotFound, match="there is no part 'tail'"):
        session.proposals.ask(ProposalRequest("unsure", part="tail"))
    with pytest.raises(BadOption, match="a part for pictures of the kind 'another'; expected the kind"):
        ProposalRequest("another", part="thing")

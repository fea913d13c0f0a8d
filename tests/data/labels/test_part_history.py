from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.data.labels.part_changes import (
    AddPart,
    DeletePart,
    MergeParts,
    MoveParts,
    PairParts,
    RecolourPart,
    RenamePart,
)
from partly.data.labels.part_history import PartHistory
from partly.data.labels.part_sets import UNLABELLED, Part, PartSet
from partly.errors import BadLabel, PartlyError
from tests.data.labels.drawings import PARTS, drawn
from tests.data.labels.journals import changes, full_disk, lines_of, without_waiting, write_lines

REMEDY = " Put the file back from a copy; without it nobody knows what the ids of earlier strokes mean."


@pytest.fixture(autouse=True, scope="module")
def _quick():
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_waiting(monkeypatch)
        yield


@pytest.fixture
def path(tmp_path):
    return tmp_path / "parts.jsonl"


def short(table, n_parts=4):
    return table[:n_parts].tolist()


def refusal(path, part_set=PARTS):
    with pytest.raises(BadLabel) as caught:
        PartHistory.open(path, part_set)
    return str(caught.value)


def test_a_new_history_is_on_disk_at_once(path):
    history = PartHistory.open(path, PARTS)
    assert history.part_set == PARTS
    assert history.version == 0
    assert short(history.table_since(0)) == [0, 1, 2, 3]
    assert (history.table_since(0)[4:] == UNLABELLED).all()
    (line,) = lines_of(path)
    assert line == {"schema_version": 1, "version": 0, "parts": PARTS.to_json()}


def test_versions_and_tables_come_back(path):
    history = PartHistory.open(path, PARTS)
    assert short(history.apply(MergeParts("left", "nose"))) == [0, 2, 1, 2]
    history.apply(AddPart("ear", after="background"))
    history.apply(DeletePart("right"))
    for again in (history, PartHistory.open(path, history.part_set)):
        assert again.part_set.names == ("background", "ear", "nose")
        assert again.version == 3
        assert short(again.table_since(0)) == [0, 2, 255, 2]
        assert short(again.table_since(2), 4) == [0, 1, 255, 2]
        assert short(again.table_since(3), 3) == [0, 1, 2]
    assert lines_of(path)[1] == {
        "version": 1,
        "change": {"kind": "merge", "name": "left", "into": "nose"},
        "table": [0, 2, 1, 2],
        "parts": [
            {"name": "background", "colour": [0, 0, 0]},
            {"name": "right", "colour": [0, 200, 0]},
            {"name": "nose", "colour": [0, 0, 200]},
        ],
    }


def test_what_is_asked_for_cannot_change_the_history(path):
    history = PartHistory.open(path, PARTS)
    history.table_since(0)[:] = 7
    assert short(history.table_since(0)) == [0, 1, 2, 3]


def test_a_change_that_changes_nothing_makes_no_version(path):
    history = PartHistory.open(path, PARTS)
    assert short(history.apply(RenamePart("nose", "nose"))) == [0, 1, 2, 3]
    assert history.version == 0
    assert len(lines_of(path)) == 1


def test_a_refused_change_is_not_kept(path):
    history = PartHistory.open(path, PARTS)
    with pytest.raises(BadLabel):
        history.apply(DeletePart("background"))
    assert (history.version, len(lines_of(path))) == (0, 1)


def test_a_change_that_cannot_be_written_is_none(path):
    history = PartHistory.open(path, PARTS)
    with full_disk(), pytest.raises(PartlyError, match="cannot be written"):
        history.apply(DeletePart("nose"))
    assert history.part_set == PARTS
    assert PartHistory.open(path, PARTS).version == 0


def test_a_kill_before_the_project_was_told_loses_nothing(path):
    changed = PartHistory.open(path, PARTS)
    changed.apply(RenamePart("nose", "beak"))
    again = PartHistory.open(path, PARTS)
    assert again.part_set == changed.part_set
    assert again.version == 1


def test_a_project_that_was_told_and_goes_back_was_edited(path):
    history = PartHistory.open(path, PARTS)
    history.apply(RenamePart("nose", "beak"))
    history.note_saved()
    history.note_saved()
    assert lines_of(path)[2:] == [{"saved": 1}]
    again = PartHistory.open(path, PARTS)
    assert again.part_set == PARTS
    assert again.version == 2
    assert short(again.table_since(0)) == [0, 1, 2, 3]
    assert lines_of(path)[3]["change"] == {"kind": "edited"}


def test_an_edited_project_is_followed_by_names_and_colours(path):
    PartHistory.open(path, PARTS)
    edited = PartSet((PARTS.parts[0], PARTS.parts[3], Part("ear", (0, 200, 0))))
    history = PartHistory.open(path, edited)
    assert history.part_set == edited
    assert short(history.table_since(0)) == [0, 255, 2, 1]
    assert PartHistory.open(path, edited).version == 1
    # The edit came from the project, so the project knows it: this is another edit.
    assert PartHistory.open(path, PARTS).version == 2


def test_label_maps_that_a_kill_left_behind_are_followed(path):
    history = PartHistory.open(path, PARTS)
    history.apply(RenamePart("left", "x"))
    history.apply(RenamePart("right", "left"))
    history.apply(RenamePart("x", "right"))
    history.apply(DeletePart("nose"))
    # By names, left and right would be mixed up, and the nose would be refused.
    assert np.array_equal(history.translate(drawn("0123."), PARTS), drawn("012.."))
    other = PartSet((PARTS.parts[0], PARTS.parts[3], Part("left", (1, 1, 1))))
    assert np.array_equal(history.translate(drawn("02."), other), drawn("02."))
    with pytest.raises(BadLabel) as caught:
        history.translate(drawn("012"), other, "a.png")
    assert str(caught.value).startswith(
        "a.png: has pixels of parts that the part set lacks: nose (1 pixel); expected the parts"
    )


def test_versions_that_never_were_are_refused(path):
    history = PartHistory.open(path, PARTS)
    for version in (-1, 1):
        with pytest.raises(BadLabel) as caught:
            history.table_since(version)
        assert str(caught.value) == f"{path}: has no version {version} of the part set; expected 0 to 0."


def test_a_cut_off_change_was_none(path):
    PartHistory.open(path, PARTS).apply(DeletePart("nose"))
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for n_bytes in (*range(0, start, 9), *range(start, len(whole))):
        path.write_bytes(whole[:n_bytes])
        history = PartHistory.open(path, PARTS)
        assert (history.version, history.part_set) == (0, PARTS)
        history.apply(RecolourPart("nose", (1, 2, 3)))
        assert PartHistory.open(path, history.part_set).version == 1
        assert path.read_bytes()[:start] == whole[:start]


def line(**changes):
    values = {"version": 1, "change": {"kind": "delete"}, "table": [0, 1, 2, 255], "parts": PARTS.to_json()}
    return values | changes


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ([line(version=2)], "line 2 is damaged (version is 2)."),
        ([line(table=[0, 1, 2])], "line 2 is damaged (table is [0, 1, 2])."),
        ([line(table=[0, 1, 2, 4])], "line 2 is damaged (table is [0, 1, 2, 4])."),
        ([line(table=None)], "line 2 is damaged (table is None)."),
        ([line(parts=[])], "line 2 is damaged (the part set is empty)."),
        ([line(), {"saved": 2}], "line 3 is damaged (saved is 2)."),
        ([{"saved": "all"}], "line 2 is damaged (saved is 'all')."),
        ([{}], "line 2 is damaged (version is None)."),
    ],
)
def test_lines_that_make_no_sense_are_refused(path, lines, text):
    write_lines(path, [{"schema_version": 1, "version": 0, "parts": PARTS.to_json()}, *lines, line()])
    assert refusal(path) == f"{path}: {text}{REMEDY}"


def test_other_versions_of_the_file_are_refused(path):
    write_lines(path, [{"schema_version": 2}])
    assert refusal(path) == (
        f"{path}: has schema version 2; expected a history of part sets of version 1. "
        "Use the version of Partly that wrote it."
    )


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_tables_are_the_steps_one_after_the_other(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("history") / "parts.jsonl"
    history = PartHistory.open(path, PARTS)
    steps = []
    for _ in range(6):
        version = history.version
        table = history.apply(data.draw(changes(history.part_set)))
        if history.version > version:
            steps.append(table)
        if data.draw(st.booleans()):
            history = PartHistory.open(path, history.part_set)
    assert history.version == len(steps)
    for version in range(len(steps) + 1):
        expected = history.table_since(version)
        for i in range(256):
            now = i
            for step in steps[version:]:
                now = int(step[now])
            assert expected[i] == now or version == len(steps)


def test_all_kinds_of_changes_can_be_applied(path):
    history = PartHistory.open(path, PARTS)
    for change in (
        MoveParts(("background", "nose", "left", "right")),
        PairParts("left", None),
        RecolourPart("nose", (1, 2, 3)),
    ):
        history.apply(change)
    again = PartHistory.open(path, history.part_set)
    assert again.part_set.parts[1] == Part("nose", (1, 2, 3))
    assert [line["change"]["kind"] for line in lines_of(path)[1:]] == ["move", "pair", "recolour"]

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from partly.data.labels.part_changes import AddPart, DeletePart, MergeParts, RenamePart
from partly.data.labels.part_history import PartHistory
from partly.data.labels.part_sets import UNLABELLED, PartSet
from partly.data.labels.stroke_states import Patch
from partly.data.labels.strokes import StrokeJournal, is_all_saved
from partly.errors import BadLabel, PartlyError
from tests.data.labels.drawings import PARTS, drawn
from tests.data.labels.journals import changes, full_disk, lines_of, without_waiting, write_lines

SIZE = (3, 5)
EMPTY = drawn("..... ..... .....")
REMEDY = (
    " Put the file back from a copy, or move it away: then painting goes on from the annotation as it was "
    "last saved, and earlier strokes cannot be undone."
)


@pytest.fixture(autouse=True, scope="module")
def _quick():
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_waiting(monkeypatch)
        yield


@pytest.fixture
def path(tmp_path):
    return tmp_path / "strokes/a.jsonl"


@pytest.fixture
def parts(tmp_path):
    return PartHistory.open(tmp_path / "parts.jsonl", PARTS)


@pytest.fixture
def reopened(path, parts):
    """The journal as it is on disk, with what is known of the annotation."""
    return lambda known=None: StrokeJournal.open(path, SIZE, parts, known)


@pytest.fixture
def journal(reopened):
    return reopened()


def patch(x, y, text):
    return Patch(x, y, drawn(text))


def same(found, text):
    return found.dtype == np.uint8 and np.array_equal(found, drawn(text))


def refusal(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def test_a_new_journal_is_unlabelled_and_leaves_no_file(path, journal):
    assert same(journal.label_map, "..... ..... .....")
    assert (journal.n_strokes, journal.can_undo, journal.can_redo, journal.state) == (0, False, False, 0)
    assert journal.undo() is None
    assert journal.redo() is None
    journal.note_saved()
    assert not path.parent.exists()


def test_strokes_are_on_the_disk_when_paint_returns(path, journal, monkeypatch):
    sizes = []
    monkeypatch.setattr(
        "partly.storage.growing_files.os.fsync", lambda handle: sizes.append(os.fstat(handle).st_size)
    )
    for i in range(3):
        journal.paint(patch(i, 0, "1"))
        assert path.stat().st_size in sizes


def test_paint_undo_redo_and_restarts(journal, reopened):
    journal.paint(patch(1, 0, "11 11"))
    journal.paint(patch(2, 1, "22 2."))
    for again in (journal, reopened()):
        assert same(again.label_map, ".11.. .122. ..2..")
        assert (again.n_strokes, again.can_undo, again.can_redo, again.state) == (2, True, False, 2)
    back = journal.undo()
    assert (back.x, back.y) == (2, 1)
    assert same(back.labels, "1. ..")
    for again in (journal, reopened()):
        assert same(again.label_map, ".11.. .11.. .....")
        assert (again.n_strokes, again.can_undo, again.can_redo, again.state) == (1, True, True, 3)
    again = reopened()
    forth = again.redo()
    assert (forth.x, forth.y) == (2, 1)
    assert same(forth.labels, "22 2.")
    assert again.redo() is None
    assert same(reopened().label_map, ".11.. .122. ..2..")


def test_undo_goes_back_to_the_beginning_after_a_restart(journal, reopened):
    for i in range(40):
        journal.paint(patch(i % 5, i % 3, str(i % 4)))
    again = reopened()
    n_undone = 0
    while again.undo() is not None:
        n_undone += 1
    assert same(again.label_map, "..... ..... .....")
    assert not again.can_undo
    while again.redo() is not None:
        n_undone -= 1
    assert n_undone == 0
    assert np.array_equal(again.label_map, journal.label_map)


def test_painting_forgets_what_could_be_redone(journal, reopened):
    journal.paint(patch(0, 0, "1"))
    journal.undo()
    journal.paint(patch(1, 0, "2"))
    for again in (journal, reopened()):
        assert not again.can_redo
        assert same(again.label_map, ".2... ..... .....")


def test_a_patch_that_changes_nothing_is_no_stroke(path, journal):
    journal.paint(patch(0, 0, "12"))
    journal.paint(patch(2, 0, "3"))
    journal.undo()
    n_bytes = path.stat().st_size
    journal.paint(patch(0, 0, "12"))
    assert (journal.n_strokes, journal.can_redo, path.stat().st_size) == (1, True, n_bytes)


def test_only_the_box_of_what_changed_is_kept(path, journal):
    journal.paint(Patch(0, 0, drawn("..... ..12. .1...")))
    assert lines_of(path)[1]["box"] == [1, 1, 3, 2]
    back = journal.undo()
    assert (back.x, back.y, back.labels.shape) == (1, 1, (2, 3))


def test_the_file_says_what_was_done(path, journal):
    journal.paint(patch(0, 0, "1"))
    journal.undo()
    journal.redo()
    journal.note_saved()
    start, stroke, *others = lines_of(path)
    assert start == {"schema_version": 1, "size_px": [5, 3], "parts_version": 0, "start": None}
    assert {key: stroke[key] for key in ("state", "kind", "parts_version", "box")} == {
        "state": 1,
        "kind": "stroke",
        "parts_version": 0,
        "box": [0, 0, 1, 1],
    }
    assert others == [
        {"state": 2, "kind": "undo"},
        {"state": 3, "kind": "redo"},
        {"state": 3, "kind": "saved", "of": 3},
    ]


def test_label_maps_that_are_handed_out_and_in_are_copies(journal, reopened):
    labels = drawn("12")
    journal.paint(Patch(0, 0, labels))
    labels[:] = 3
    journal.label_map[:] = 3
    assert same(journal.label_map, "12... ..... .....")
    back = journal.undo()
    back.labels[:] = 3
    assert same(journal.label_map, "..... ..... .....")
    journal.redo()
    assert same(reopened().label_map, "12... ..... .....")
    known = drawn("11111 22222 33333")
    other = StrokeJournal.open(journal._file.path.with_name("b"), SIZE, journal._parts, known)
    known[:] = 0
    assert same(other.label_map, "11111 22222 33333")


def test_changes_of_the_part_set_reach_all_that_was_painted(journal, reopened, parts):
    journal.paint(patch(0, 0, "0123"))
    journal.paint(patch(0, 0, "3333"))
    parts.apply(DeletePart("left"))
    parts.apply(AddPart("ear", after="background"))
    for again in (journal, reopened()):
        assert same(again.label_map, "3333. ..... .....")
    again = reopened()
    back = again.undo()
    assert same(back.labels, "0.2"), "the stroke changed three pixels"
    assert same(again.label_map, "0.23. ..... .....")
    again.paint(patch(4, 0, "1"))
    parts.apply(MergeParts("ear", "right"))
    again = reopened()
    assert same(again.label_map, "0.121 ..... .....")
    again.undo()
    again.undo()
    assert same(again.label_map, "..... ..... .....")
    again.redo()
    assert same(again.label_map, "0.12. ..... .....")


def test_a_new_journal_begins_with_the_annotation(reopened, parts):
    known = drawn("11111 22222 33333")
    journal = reopened(known)
    assert np.array_equal(journal.label_map, known)
    assert not journal.can_undo
    journal.paint(patch(0, 0, "3"))
    parts.apply(DeletePart("nose"))
    again = reopened()
    assert same(again.label_map, ".1111 22222 .....")
    again.undo()
    assert same(again.label_map, "11111 22222 .....")


def test_the_journal_counts_if_a_kill_came_before_the_annotation_or_before_the_note(journal, reopened):
    journal.paint(patch(0, 0, "1"))
    saved = journal.label_map
    journal.note_saved()
    journal.paint(patch(1, 0, "2"))
    written = journal.label_map
    journal.undo()
    journal.paint(patch(2, 0, "3"))
    for known in (saved, written, journal.label_map, None):
        again = reopened(known)
        assert same(again.label_map, "1.3.. ..... .....")
        assert again.n_strokes == 2


def test_an_annotation_that_was_changed_elsewhere_is_one_more_stroke(path, journal, reopened):
    journal.paint(patch(0, 0, "1"))
    journal.paint(patch(1, 0, "2"))
    again = reopened(drawn("12... ...3. ....."))
    assert same(again.label_map, "12... ...3. .....")
    assert again.n_strokes == 3
    assert lines_of(path)[-1] == {"kind": "saved", "state": 3, "of": 3}
    again.undo()
    assert same(again.label_map, "12... ..... .....")


def test_an_older_annotation_that_was_put_back_is_an_edit(journal, reopened):
    journal.paint(patch(0, 0, "1"))
    old = journal.label_map
    journal.note_saved()
    journal.paint(patch(1, 0, "2"))
    journal.note_saved()
    again = reopened(old)
    assert same(again.label_map, "1.... ..... .....")
    assert again.n_strokes == 3
    again.undo()
    assert same(again.label_map, "12... ..... .....")


def test_a_note_can_come_late(path, journal, reopened):
    journal.paint(patch(0, 0, "1"))
    state, written = journal.state, journal.label_map
    journal.paint(patch(1, 0, "2"))
    journal.note_saved(state)
    assert same(reopened(written).label_map, "12... ..... .....")
    journal.note_saved(2)
    journal.note_saved(1)
    assert [line["state"] for line in lines_of(path) if line.get("kind") == "saved"] == [1, 2]
    for wrong in (-1, 3):
        with pytest.raises(ValueError, match=f"there is no state {wrong}; the last one is 2"):
            journal.note_saved(wrong)


def test_a_short_look_tells_whether_all_is_saved(path, journal, parts):
    assert not is_all_saved(path)
    journal.paint(patch(0, 0, "1"))
    assert not is_all_saved(path)
    journal.note_saved()
    assert is_all_saved(path)
    journal.paint(patch(1, 0, "2"))
    assert not is_all_saved(path)
    journal.paint(patch(2, 0, "3"))
    journal.note_saved(2)
    assert not is_all_saved(path), "the last stroke is not in the annotation"
    journal.note_saved()
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-9] + b"0" + whole[-8:], whole + b"{", b"", b"\n"):
        path.write_bytes(damaged)
        assert not is_all_saved(path)


def test_annotations_are_compared_in_the_part_set_as_it_is_now(journal, reopened, parts):
    journal.paint(patch(0, 0, "123"))
    journal.note_saved()
    parts.apply(DeletePart("left"))
    again = reopened(drawn(".12.. ..... ....."))
    assert again.n_strokes == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            patch(4, 0, "11"),
            "the patch covers columns 4 to 5 and rows 0 to 0; expected a box in the picture of 5 x 3 px.",
        ),
        (patch(0, 2, "1 1"), "rows 2 to 3"),
        (patch(-1, 0, "1"), "columns -1 to -1"),
        (patch(0, -1, "1"), "rows -1 to -1"),
        (
            patch(0, 0, "49"),
            "the label map has unknown part ids: 4 (1 pixel), 9 (1 pixel); expected 0 background, 1 left, "
            "2 right, 3 nose, or 255 unlabelled. Paint these pixels as a known part, or add the missing "
            "parts to the part set.",
        ),
        (Patch(0, 0, np.array([[254]], np.uint8)), "unknown part ids: 254 (1 pixel)"),
    ],
)
def test_patches_that_do_not_fit_are_refused(path, journal, wrong, text):
    journal.paint(patch(0, 0, "1"))
    n_bytes = path.stat().st_size
    assert text in refusal(lambda: journal.paint(wrong))
    assert same(journal.label_map, "1.... ..... .....")
    assert path.stat().st_size == n_bytes


@pytest.mark.parametrize("labels", [np.zeros((2, 2)), np.zeros(3, np.uint8), np.zeros((0, 2), np.uint8)])
def test_patches_are_label_maps(labels):
    assert refusal(lambda: Patch(0, 0, labels)) == (
        f"the patch is {labels.dtype} {list(labels.shape)}; expected uint8 [h, w] with at least one pixel."
    )


def test_a_stroke_that_cannot_be_written_is_none(journal, reopened):
    journal.paint(patch(0, 0, "1"))
    for action in (lambda: journal.paint(patch(1, 0, "2")), journal.undo, journal.note_saved):
        with full_disk(), pytest.raises(PartlyError, match="cannot be written"):
            action()
        assert same(journal.label_map, "1.... ..... .....")
    journal.undo()
    with full_disk(), pytest.raises(PartlyError, match="cannot be written"):
        journal.redo()
    assert (journal.state, journal.can_redo) == (2, True)
    journal.paint(patch(2, 0, "3"))
    assert same(reopened().label_map, "..3.. ..... .....")


def test_a_first_stroke_that_cannot_be_written_is_none(journal, reopened):
    with full_disk(), pytest.raises(PartlyError, match="cannot be written"):
        journal.paint(patch(1, 0, "2"))
    assert journal.n_strokes == 0
    journal.paint(patch(0, 0, "1"))
    assert same(reopened().label_map, "1.... ..... .....")


LAST_STEPS = {
    "first stroke": (lambda journal: None, lambda journal: journal.paint(patch(0, 1, "12 3."))),
    "stroke": (
        lambda journal: journal.paint(patch(1, 1, "2")),
        lambda journal: journal.paint(patch(0, 1, "12")),
    ),
    "undo": (lambda journal: journal.paint(patch(1, 1, "2")), lambda journal: journal.undo()),
    "note": (lambda journal: journal.paint(patch(1, 1, "2")), lambda journal: journal.note_saved()),
}


@pytest.mark.parametrize("name", LAST_STEPS)
def test_a_file_cut_anywhere_gives_the_state_before_or_after(path, journal, reopened, name):
    first, last = LAST_STEPS[name]
    first(journal)
    before, n_before = journal.label_map, path.stat().st_size if path.exists() else 0
    last(journal)
    after, whole = journal.label_map, path.read_bytes()
    for n_bytes in range(n_before, len(whole) + 1):
        path.write_bytes(whole[:n_bytes])
        again = reopened()
        assert np.array_equal(again.label_map, after if n_bytes == len(whole) else before)
        assert path.stat().st_size == n_bytes, "looking changes nothing"
        again.paint(patch(4, 2, "3"))
        expected = again.label_map
        assert np.array_equal(reopened().label_map, expected)
        again.undo()
        assert np.array_equal(reopened().label_map, after if n_bytes == len(whole) else before)


def test_damage_in_the_middle_is_refused_with_file_and_line(path, journal, reopened):
    for i in range(3):
        journal.paint(patch(i, 0, "1"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"[1,0,1,1]", b"[3,0,1,1]"), lines[3]]))
    assert refusal(reopened) == f"{path}: line 3 is damaged (its checksum is wrong).{REMEDY}"
    path.write_bytes(b"".join([*lines[:2], lines[3]]))
    assert refusal(reopened) == f"{path}: line 3 is damaged (state is 3 after 1).{REMEDY}"


@pytest.fixture
def good_lines(path, journal):
    journal.paint(patch(0, 0, "1"))
    journal.paint(patch(0, 0, "2"))
    journal.undo()
    return lines_of(path)


@pytest.mark.parametrize(
    ("line", "changes", "text"),
    [
        (0, {"parts_version": None}, "line 1 is damaged (parts_version is None)."),
        (0, {"start": "####"}, "line 1 is damaged (pixels are no base64)."),
        (0, {"start": 3}, "line 1 is damaged (pixels are 3)."),
        (0, {"start": "AAAA"}, "line 1 is damaged (pixels that cannot be unpacked)."),
        (1, {"kind": "stork"}, "line 2 is damaged (kind is 'stork')."),
        (1, {"kind": "undo"}, "line 2 is damaged (kind is 'undo')."),
        (1, {"kind": "redo"}, "line 2 is damaged (kind is 'redo')."),
        (1, {"kind": "saved"}, "line 2 is damaged (state is 1)."),
        (1, {"kind": "saved", "state": None}, "line 2 is damaged (state is None)."),
        (1, {"parts_version": -1}, "line 2 is damaged (parts_version is -1)."),
        (1, {"parts_version": True}, "line 2 is damaged (parts_version is True)."),
        (1, {"box": [0, 0, 1]}, "line 2 is damaged (box is [0, 0, 1])."),
        (1, {"box": [0, 0, 1, "1"]}, "line 2 is damaged (box is [0, 0, 1, '1'])."),
        (1, {"box": [5, 0, 1, 1]}, "(box is [5, 0, 1, 1] on a label map of 5 x 3 px)."),
        (1, {"box": [0, 0, 0, 1]}, "(box is [0, 0, 0, 1] on a label map of 5 x 3 px)."),
        (1, {"box": [0, 0, 2, 1]}, "(not the pixels of a box of 2 x 1 px)."),
        (2, {"box": [1, 0, 1, 1]}, "line 3 is damaged (its pixels do not follow from the lines before)."),
        (3, {"kind": "redo"}, "line 4 is damaged (kind is 'redo')."),
    ],
)
def test_lines_that_make_no_sense_are_refused(path, reopened, good_lines, line, changes, text):
    good_lines[line] |= changes
    write_lines(path, [*good_lines, {"state": 4, "kind": "redo"}])
    assert refusal(reopened).endswith(text + REMEDY)


def test_parts_that_there_are_not_are_damage(tmp_path, path, good_lines):
    fewer = PartHistory.open(tmp_path / "fewer.jsonl", PartSet(PARTS.parts[::3]))
    text = refusal(lambda: StrokeJournal.open(path, SIZE, fewer))
    assert text == f"{path}: line 3 is damaged (pixels of parts that there are not).{REMEDY}"


def test_journals_of_other_pictures_projects_and_versions_are_refused(
    path, tmp_path, parts, good_lines, reopened
):
    assert refusal(lambda: StrokeJournal.open(path, (5, 3), parts)) == (
        f"{path}: belongs to a picture with size_px [5, 3]; expected [3, 5].{REMEDY}"
    )
    parts.apply(RenamePart("left", "L"))
    reopened().paint(patch(0, 2, "3"))
    other = PartHistory.open(tmp_path / "other.jsonl", PARTS)
    assert refusal(lambda: StrokeJournal.open(path, SIZE, other)) == (
        f"{path}: was painted with version 1 of the part set; "
        f"expected at most 0, the last one in {tmp_path / 'other.jsonl'}. "
        "Put back the history of part sets that belongs to it."
    )
    write_lines(path, [good_lines[0] | {"schema_version": 2}])
    assert refusal(reopened) == (
        f"{path}: has schema version 2; expected a stroke journal of version 1. "
        "Use the version of Partly that wrote it."
    )


def test_an_annotation_that_does_not_fit_is_refused(reopened):
    assert "the label map is 2 x 1 px; expected 5 x 3 px" in refusal(lambda: reopened(drawn("11")))
    assert "unknown part ids: 7" in refusal(lambda: reopened(np.full(SIZE, 7, np.uint8)))


def test_a_large_stroke_is_kept_small(tmp_path, parts):
    side = 1024
    path = tmp_path / "large.jsonl"
    journal = StrokeJournal.open(path, (side, side), parts)
    y, x = np.mgrid[:side, :side]
    disc = np.where((x - 500) ** 2 + (y - 500) ** 2 < 400**2, 1, UNLABELLED).astype(np.uint8)
    journal.paint(Patch(0, 0, disc))
    assert path.stat().st_size < 40_000
    assert np.array_equal(StrokeJournal.open(path, (side, side), parts).label_map, disc)


class Painting(RuleBasedStateMachine):
    """Any sequence of strokes, changes of parts, saves, kills and edits, beside whole maps in lists.

    ``page`` is the label map of the browser, which sees only its own patches, those of undo and redo, and the
    tables of part changes.
    """

    @initialize()
    def begin(self):
        self.folder = Path(mkdtemp(dir=self.root))
        self.project = PARTS
        self.now, self.past, self.future = EMPTY, [], []
        self.states, self.saved, self.annotation, self.has_file = [EMPTY], 0, None, False
        self.restart(is_told=True)

    def restart(self, is_told):
        self.parts = PartHistory.open(self.folder / "parts.jsonl", self.project)
        if is_told:
            self.project = self.parts.part_set
        self.journal = StrokeJournal.open(self.folder / "a.jsonl", SIZE, self.parts, self.annotation)
        self.page = self.journal.label_map

    def step(self, label_map):
        self.now, self.has_file = label_map, True
        self.states.append(label_map)

    @rule(data=st.data())
    def paint(self, data):
        height, width = data.draw(st.integers(1, SIZE[0])), data.draw(st.integers(1, SIZE[1]))
        x, y = data.draw(st.integers(0, SIZE[1] - width)), data.draw(st.integers(0, SIZE[0] - height))
        ids = st.sampled_from([*range(self.parts.part_set.n_parts), UNLABELLED])
        values = data.draw(st.lists(ids, min_size=height * width, max_size=height * width))
        labels = np.array(values, np.uint8).reshape(height, width)
        painted = self.now.copy()
        painted[y : y + height, x : x + width] = labels
        self.journal.paint(Patch(x, y, labels))
        self.page[y : y + height, x : x + width] = labels
        if not np.array_equal(painted, self.now):
            self.past.append(self.now)
            self.future = []
            self.step(painted)

    def put_on_page(self, found):
        height, width = found.labels.shape
        self.page[found.y : found.y + height, found.x : found.x + width] = found.labels

    @rule()
    def undo(self):
        found = self.journal.undo()
        assert (found is None) == (not self.past)
        if found is not None:
            self.put_on_page(found)
            self.future.append(self.now)
            self.step(self.past.pop())

    @rule()
    def redo(self):
        found = self.journal.redo()
        assert (found is None) == (not self.future)
        if found is not None:
            self.put_on_page(found)
            self.past.append(self.now)
            self.step(self.future.pop())

    @rule(data=st.data(), is_told=st.booleans(), is_rewritten=st.booleans())
    def change_parts(self, data, is_told, is_rewritten):
        """With a kill before the project is told of the change, or before the annotation is rewritten."""
        if self.project != self.parts.part_set:
            self.restart(is_told=True)
        before = self.parts.part_set
        table = self.parts.apply(data.draw(changes(before)))
        self.page = table[self.page]
        self.now = table[self.now]
        self.past, self.future, self.states = (
            [table[label_map] for label_map in maps] for maps in (self.past, self.future, self.states)
        )
        if self.annotation is not None:
            by_history = self.parts.translate(self.annotation, before)
            self.annotation = table[self.annotation]
            assert np.array_equal(by_history, self.annotation)
        if is_told:
            self.project = self.parts.part_set
            self.parts.note_saved()

    @precondition(lambda self: (self.now != UNLABELLED).any())
    @rule(is_noted=st.booleans())
    def save(self, is_noted):
        self.annotation = self.journal.label_map
        if is_noted:
            self.journal.note_saved()
            self.saved = len(self.states) - 1

    @rule(data=st.data())
    def edit_elsewhere(self, data):
        edited = data.draw(st.sampled_from(self.states)).copy()
        edited[data.draw(st.integers(0, 2)), data.draw(st.integers(0, 4))] = data.draw(st.integers(0, 1))
        self.annotation = edited
        self.reopen()

    @rule()
    def reopen(self):
        if not self.has_file:
            self.now = EMPTY if self.annotation is None else self.annotation
            self.states = [self.now]
        elif self.annotation is not None and not any(
            np.array_equal(self.annotation, state) for state in self.states[self.saved :]
        ):
            self.past.append(self.now)
            self.future = []
            self.step(self.annotation)
            self.saved = len(self.states) - 1
        self.restart(is_told=True)

    @invariant()
    def is_like_the_lists(self):
        assert np.array_equal(self.journal.label_map, self.now)
        assert np.array_equal(self.page, self.now)
        assert self.journal.n_strokes == len(self.past)
        assert self.journal.can_undo == bool(self.past)
        assert self.journal.can_redo == bool(self.future)
        assert self.journal.state == len(self.states) - 1

    def teardown(self):
        """In the end everything can be undone after a restart."""
        self.reopen()
        self.is_like_the_lists()
        for expected in reversed(self.past):
            self.journal.undo()
            assert np.array_equal(self.journal.label_map, expected)
        assert self.journal.undo() is None


def test_any_sequence_is_like_whole_maps_in_lists(tmp_path_factory):
    Painting.root = tmp_path_factory.mktemp("paintings")
    case = Painting.TestCase
    case.settings = settings(deadline=None, max_examples=40, stateful_step_count=25)
    case("runTest").runTest()

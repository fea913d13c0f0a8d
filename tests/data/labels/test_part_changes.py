from __future__ import annotations

import json

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
    change_from_json,
    change_to_json,
    changed,
    table_of_edit,
)
from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED, Part, PartSet
from partly.errors import BadLabel, BadOption
from tests.data.labels.drawings import PARTS, drawn
from tests.data.labels.journals import changes

MAP = drawn("""
    0123
    .321
""")


def after(change, part_set=PARTS):
    """Names with mirrors, and what becomes of the ids of the parts."""
    new, table = changed(part_set, change)
    assert table.dtype == np.uint8
    assert table.shape == (256,)
    assert (table[part_set.n_parts :] == UNLABELLED).all()
    names = [part.name + (f">{part.mirror}" if part.mirror else "") for part in new.parts]
    return " ".join(names), table[: part_set.n_parts].tolist()


def refusal(change, part_set=PARTS, kind=BadLabel):
    with pytest.raises(kind) as caught:
        changed(part_set, change)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "names", "ids"),
    [
        (AddPart("ear"), "background left>right right>left nose ear", [0, 1, 2, 3]),
        (AddPart("ear", after="left"), "background left>right ear right>left nose", [0, 1, 3, 4]),
        (AddPart("ear", after="background"), "background ear left>right right>left nose", [0, 2, 3, 4]),
        (RenamePart("left", "L"), "background L>right right>L nose", [0, 1, 2, 3]),
        (RenamePart("background", "sky"), "sky left>right right>left nose", [0, 1, 2, 3]),
        (RenamePart("nose", "nose"), "background left>right right>left nose", [0, 1, 2, 3]),
        (RecolourPart("nose", (1, 2, 3)), "background left>right right>left nose", [0, 1, 2, 3]),
        (MergeParts("nose", "left"), "background left>right right>left", [0, 1, 2, 1]),
        (MergeParts("left", "nose"), "background right nose", [0, 2, 1, 2]),
        (MergeParts("left", "right"), "background right nose", [0, 1, 1, 2]),
        (MergeParts("right", "background"), "background left nose", [0, 1, 0, 2]),
        (DeletePart("left"), "background right nose", [0, 255, 1, 2]),
        (DeletePart("nose"), "background left>right right>left", [0, 1, 2, 255]),
        (
            MoveParts(("background", "nose", "right", "left")),
            "background nose right>left left>right",
            [0, 3, 2, 1],
        ),
        (PairParts("left", None), "background left right nose", [0, 1, 2, 3]),
        (PairParts("nose", "left"), "background left>nose right nose>left", [0, 1, 2, 3]),
        (PairParts("right", "left"), "background left>right right>left nose", [0, 1, 2, 3]),
        (PairParts("nose", None), "background left>right right>left nose", [0, 1, 2, 3]),
    ],
)
def test_changes(change, names, ids):
    assert after(change) == (names, ids)


def test_a_table_turns_a_label_map_into_one_of_the_new_part_set():
    _, table = changed(PARTS, DeletePart("left"))
    assert np.array_equal(table[MAP], drawn("0.12 .21."))


def test_a_part_that_is_its_own_mirror_stays_so():
    own = PartSet((*PARTS.parts, Part("mouth", (9, 9, 9), "mouth")))
    assert after(RenamePart("mouth", "lips"), own)[0].endswith("lips>lips")
    assert after(PairParts("mouth", None), own)[0].endswith("mouth")


def test_a_new_part_gets_the_colour_it_is_given_or_a_free_one():
    assert changed(PARTS, AddPart("ear", (1, 2, 3)))[0].parts[4].colour == (1, 2, 3)
    assert changed(PARTS, RecolourPart("nose", (1, 2, 3)))[0].parts[3].colour == (1, 2, 3)
    part_set = PARTS
    for i in range(251):
        part_set, _ = changed(part_set, AddPart(f"part {i}"))
    assert part_set.n_parts == 255
    assert tuple(part_set.colours[4]) == tuple(FACE_PARTS.colours[1]), "not the one made for a background"
    assert "the part set has 256 parts; expected at most 255" in refusal(AddPart("one more"), part_set)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            AddPart("nose"),
            "there is a part 'nose' already; expected a name that no part has. "
            "Choose another name, or merge the two parts.",
        ),
        (
            AddPart("ear", after="nos"),
            "there is no part 'nos'; expected one of background, left, right, nose",
        ),
        (AddPart("ear", (200, 0, 0)), "'left' and 'ear' have the same colour (200, 0, 0)"),
        (AddPart(" "), "the part name ' ' is unusable"),
        (AddPart("ear", (1, 2)), "part 'ear' has the colour (1, 2); expected red, green, blue"),
        (RenamePart("ear", "e"), "there is no part 'ear'"),
        (RenamePart("left", "nose"), "there is a part 'nose' already"),
        (RenamePart("left", "unlabelled"), "a part is called 'unlabelled'"),
        (RecolourPart("ear", (1, 2, 3)), "there is no part 'ear'"),
        (RecolourPart("left", (0, 0, 200)), "'left' and 'nose' have the same colour (0, 0, 200)"),
        (
            MergeParts("background", "nose"),
            "'background' is the background, which cannot be merged into another part; expected any other "
            "part. Rename it, or merge other parts into it.",
        ),
        (MergeParts("nose", "nose"), "part 'nose' is merged into itself; expected two different parts."),
        (MergeParts("nose", "ear"), "there is no part 'ear'"),
        (MergeParts("ear", "nose"), "there is no part 'ear'"),
        (DeletePart("background"), "'background' is the background, which cannot be deleted"),
        (DeletePart("ear"), "there is no part 'ear'"),
        (
            MoveParts(("background", "left", "right")),
            "the new order is background, left, right; "
            "expected each of these once: background, left, right, nose.",
        ),
        (MoveParts(("background", "left", "left", "nose")), "expected each of these once"),
        (
            MoveParts(("nose", "left", "right", "background")),
            "the new order begins with 'nose'; expected 'background': the background is always the first.",
        ),
        (
            PairParts("nose", "nose"),
            "'nose' and 'nose' cannot be left and right; "
            "expected two different parts, neither of them the background.",
        ),
        (PairParts("background", "nose"), "'background' and 'nose' cannot be left and right"),
        (PairParts("ear", None), "there is no part 'ear'"),
    ],
)
def test_changes_that_cannot_be_are_refused(change, text):
    assert text in refusal(change)


def test_the_last_part_cannot_go():
    two = PartSet.from_names(("background", "leaf"))
    assert refusal(DeletePart("leaf"), two).startswith("the part set has one part only")


@pytest.mark.parametrize(
    "change",
    [
        AddPart("ear"),
        AddPart("ear", (1, 2, 3), "nose"),
        RenamePart("left", "L"),
        RecolourPart("nose", (1, 2, 3)),
        MergeParts("left", "nose"),
        DeletePart("nose"),
        MoveParts(("background", "nose", "right", "left")),
        PairParts("left", "nose"),
        PairParts("left", None),
    ],
)
def test_json_reads_back_as_the_same_change(change):
    assert change_from_json(json.loads(json.dumps(change_to_json(change)))) == change


def test_what_may_be_none_may_be_missing():
    assert change_from_json({"kind": "add", "name": "ear"}) == AddPart("ear")
    assert change_from_json({"kind": "pair", "left": "ear"}) == PairParts("ear", None)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (
            3,
            "there is no part change of the kind None; "
            "expected one of add, rename, recolour, merge, delete, move, pair.",
        ),
        ({"kind": "paint"}, "there is no part change of the kind 'paint'"),
        ({"kind": ["add"]}, "there is no part change of the kind ['add']"),
        ({"kind": "rename", "name": "a"}, "the part change 'rename' lacks 'to'; expected the keys name, to."),
        (
            {"kind": "delete", "name": "a", "into": "b"},
            "the part change 'delete' has the unknown 'into'; expected the keys name.",
        ),
        (
            {"kind": "delete", "name": 3},
            "the part change 'delete' has the name 3; expected the name of a part.",
        ),
        ({"kind": "rename", "name": "a", "to": None}, "has the to None; expected the name of a part."),
        (
            {"kind": "recolour", "name": "a", "colour": "red"},
            "has the colour 'red'; expected [red, green, blue].",
        ),
        ({"kind": "recolour", "name": "a", "colour": None}, "has the colour None"),
        ({"kind": "move", "names": "ab"}, "has the names 'ab'; expected a list of names."),
        ({"kind": "move", "names": ["a", 1]}, "expected a list of names."),
    ],
)
def test_json_that_is_no_change_is_refused(value, text):
    with pytest.raises(BadOption) as caught:
        change_from_json(value)
    assert text in str(caught.value)


def test_colours_from_json_are_checked_with_the_part():
    change = change_from_json({"kind": "recolour", "name": "nose", "colour": [0, 0, "x", []]})
    assert "part 'nose' has the colour (0, 0, 'x', [])" in refusal(change)


def test_an_edit_by_hand_is_followed_by_names_then_by_colours():
    def table(*parts):
        return table_of_edit(PARTS, PartSet(tuple(Part(name, colour) for name, colour in parts)))[:4].tolist()

    ink, red, green, blue = (tuple(colour) for colour in PARTS.colours.tolist())
    new = (9, 9, 9)
    assert table(("background", ink), ("nose", blue), ("left", red)) == [0, 2, 255, 1]
    assert table(("background", ink), ("eye", green), ("left", blue)) == [0, 2, 1, 255]
    assert table(("sky", new), ("left", red)) == [0, 1, 255, 255]
    assert table(("sky", red), ("background", ink)) == [1, 0, 255, 255]
    assert table(("left", ink), ("eye", red)) == [0, 0, 255, 255]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_any_sequence_of_changes_keeps_what_ids_mean(data):
    """Beside the ids, a naive model: for each pixel the identity of its part, which names cannot change."""
    part_set = PARTS
    identities = list(range(PARTS.n_parts))
    meaning, ids = np.arange(4), np.arange(4, dtype=np.uint8)
    for new_identity in range(10, 16):
        change = data.draw(changes(part_set))
        of = dict(zip(part_set.names, identities, strict=True))
        part_set, table = changed(part_set, change)
        ids = table[ids]
        match change:
            case AddPart():
                place = part_set.names.index(change.name)
                identities.insert(place, new_identity)
            case MergeParts():
                meaning[meaning == of[change.name]] = of[change.into]
                identities.remove(of[change.name])
            case DeletePart():
                meaning[meaning == of[change.name]] = -1
                identities.remove(of[change.name])
            case MoveParts():
                identities = [of[name] for name in change.names]
        assert len(identities) == part_set.n_parts
        assert [-1 if i == UNLABELLED else identities[i] for i in ids] == meaning.tolist()
        assert identities[0] == 0

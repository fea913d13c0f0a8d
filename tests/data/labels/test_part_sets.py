from __future__ import annotations

import json

import numpy as np
import pytest

from partly.data.labels.part_colours import UNLABELLED_COLOUR
from partly.data.labels.part_sets import FACE_PARTS, UNLABELLED, Part, PartSet
from partly.errors import BadLabel
from tests.data.labels.drawings import PARTS


def part_set(*names_and_mirrors):
    return PartSet(
        tuple(
            Part(name, (i, i, i), mirror)
            for i, (name, mirror) in enumerate((("background", None), *names_and_mirrors))
        )
    )


def text_of(action):
    with pytest.raises(BadLabel) as caught:
        action()
    return str(caught.value)


def test_the_face_parts_are_the_ten_in_their_order():
    assert FACE_PARTS.n_parts == 10
    assert FACE_PARTS.names == (
        "background", "skin", "nose", "eye", "brow", "ear", "mouth", "hair", "neck", "cloth",
    )  # fmt: skip
    assert FACE_PARTS.mirror_permutation() == tuple(range(10))


def test_names_colours_and_ids_stand_in_one_order():
    assert PARTS.names[2] == "right"
    assert PARTS.index("right") == 2
    assert PARTS.colours.dtype == np.uint8
    assert PARTS.colours.tolist()[2] == [0, 200, 0]


def test_the_palette_has_a_colour_for_unlabelled_and_black_for_the_rest():
    palette = PARTS.palette
    assert palette.shape == (256, 3)
    assert palette[:4].tolist() == PARTS.colours.tolist()
    assert tuple(palette[UNLABELLED]) == UNLABELLED_COLOUR
    assert not palette[4:UNLABELLED].any()


def test_a_mirrored_picture_swaps_mirrored_parts_only():
    permutation = PARTS.mirror_permutation()
    assert permutation == (0, 2, 1, 3)
    assert [permutation[i] for i in permutation] == [0, 1, 2, 3]


def test_a_part_may_be_its_own_mirror():
    assert part_set(("nose", "nose")).mirror_permutation() == (0, 1)


def test_json_reads_back_as_the_same_part_set():
    assert PartSet.from_json(json.loads(json.dumps(PARTS.to_json()))) == PARTS
    assert PARTS.to_json()[1] == {"name": "left", "colour": [200, 0, 0], "mirror": "right"}
    assert PARTS.to_json()[3] == {"name": "nose", "colour": [0, 0, 200]}


def test_numpy_colours_and_lists_of_parts_are_taken():
    parts = [Part("background", (0, 0, 0)), Part("a", np.array([1, 2, 3], np.uint8))]
    assert PartSet(parts).to_json()[1]["colour"] == [1, 2, 3]
    assert hash(PartSet(parts)) == hash(PartSet(tuple(parts)))


def test_names_alone_get_distinct_colours_even_for_the_most_parts():
    names = ["background", *(f"part {i}" for i in range(254))]
    many = PartSet.from_names(names)
    assert many.n_parts == 255
    assert many.parts[:10] == tuple(map(Part, names, map(tuple, FACE_PARTS.colours.tolist())))


def test_unknown_names_are_answered_with_the_known_and_the_nearest():
    text = text_of(lambda: PARTS.index("rihgt"))
    assert text == (
        "there is no part 'rihgt'; expected one of background, left, right, nose. Did you mean 'right'."
    )
    assert "mean" not in text_of(lambda: PARTS.index("xyz"))


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (lambda: PartSet(()), "the part set is empty; expected the background and at least one more part"),
        (lambda: part_set(), "the part set has one part only"),
        (
            lambda: PartSet.from_names(list(map(str, range(256)))),
            "the part set has 256 parts; expected at most 255",
        ),
        (
            lambda: PartSet((Part("a", (0, 0, 0)), Part("b", (1, 0, 0)), Part("a", (2, 0, 0)))),
            "the part set has two parts called 'a'; expected distinct names. Rename or remove one",
        ),
        (
            lambda: PartSet((Part("a", (9, 8, 7)), Part("b", (9, 8, 7)))),
            "'a' and 'b' have the same colour (9, 8, 7); expected distinct colours",
        ),
        (
            lambda: PartSet((Part("a", (9, 8, 7)), Part("b", UNLABELLED_COLOUR))),
            "'unlabelled' and 'b' have the same colour",
        ),
        (
            lambda: part_set(("eye", "ear")),
            "part 'eye' has the mirror 'ear', which is no part; expected one of background, eye",
        ),
        (
            lambda: part_set(("left", "right"), ("right", None)),
            "part 'left' has the mirror 'right', but 'right' has none; "
            "expected mirrors that point to each other. Give 'right' the mirror 'left'",
        ),
        (lambda: Part("", (0, 0, 0)), "the part name '' is unusable"),
        (lambda: Part(" eye", (0, 0, 0)), "the part name ' eye' is unusable"),
        (lambda: Part("a\nb", (0, 0, 0)), "is unusable"),
        (lambda: Part(3, (0, 0, 0)), "the part name 3 is unusable"),
        (lambda: Part("unlabelled", (0, 0, 0)), "a part is called 'unlabelled'; expected any other name"),
        (lambda: Part("a", (0, 0, 256)), "part 'a' has the colour (0, 0, 256)"),
        (lambda: Part("a", (0, 0, True)), "part 'a' has the colour"),
        (lambda: Part("a", (0, 0)), "expected red, green, blue, each a number from 0 to 255"),
        (lambda: Part("a", None), "part 'a' has the colour None"),
        (lambda: Part("a", (0, 0, 0), mirror=4), "part 'a' has the mirror 4; expected the name of a part"),
    ],
)
def test_contradictions_are_refused(action, words):
    assert words in text_of(action)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "a"}, "the part set is a dict; expected a list of parts"),
        ([{"name": "a"}], "the part set has the entry {'name': 'a'}"),
        ([{"name": "a", "colour": [0, 0, 0], "color": 1}], "the part set has the entry"),
        ([3], "the part set has the entry 3"),
        ([{"name": "a", "colour": "red"}], "part 'a' has the colour 'red'"),
        ([{"name": "a", "colour": [0, 0, 0]}], "the part set has one part only"),
    ],
)
def test_json_that_is_no_part_set_is_refused_with_its_file(values, words):
    text = text_of(lambda: PartSet.from_json(values, "project.toml"))
    assert text.startswith("project.toml: ")
    assert words in text

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from partly.data.labels.label_maps import write_label_map
from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel
from partly.evaluation.segmentation.truth_files import TruthMapping, read_truth, read_truth_mapping

PARTS = PartSet.from_names(["background", "leaf", "stem"])
MEANING = {"0": "background", "4": "leaf", "5": "leaf", "9": None}
IDS = np.array([[0, 4, 5], [9, 255, 0]], np.uint8)
EXPECTED = np.array([[0, 1, 1], [255, 255, 0]], np.uint8)


@pytest.fixture
def mapping(tmp_path):
    path = tmp_path / "ids.json"
    path.write_text(json.dumps(MEANING))
    return read_truth_mapping(path, PARTS)


def test_ids_become_parts_and_some_are_left_out(mapping):
    np.testing.assert_array_equal(mapping.apply(IDS), EXPECTED)
    assert mapping.apply(IDS).dtype == np.uint8


def test_toml_says_false_for_ids_that_are_left_out(tmp_path, mapping):
    path = tmp_path / "ids.toml"
    path.write_text('0 = "background"\n4 = "leaf"\n5 = "leaf"\n9 = false\n')
    assert read_truth_mapping(path, PARTS) == mapping


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "text"), [("a.json", '{"0": "background"}'), ("a.toml", '0 = "background"')]
)
def test_a_mapping_may_begin_with_a_byte_order_mark(tmp_path, encoding, name, text):
    path = tmp_path / name
    path.write_text(text, encoding=encoding)
    assert read_truth_mapping(path, PARTS).parts_of_ids == {0: "background"}


def test_the_id_255_may_mean_a_part():
    mapping = TruthMapping({0: "stem", 255: "leaf"}, PARTS)
    np.testing.assert_array_equal(mapping.apply(np.array([[0, 255]])), [[2, 1]])


def test_notes_say_what_is_left_out_and_what_no_id_means(mapping):
    assert mapping.notes() == (
        "Left out of the count: pixels with id 9 in the truth.",
        "No id of the truth means stem: predicting it counts as wrong.",
    )
    assert TruthMapping({0: "background", 1: "leaf", 2: "stem"}, PARTS).notes() == ()
    several = TruthMapping({0: "background", 1: "leaf", 2: "stem", 3: None, 4: None}, PARTS)
    assert several.notes() == ("Left out of the count: pixels with the ids 3, 4 in the truth.",)


@pytest.mark.parametrize("mode", ["P", "L", "I;16"])
def test_truth_is_read_from_palette_and_grey_pngs(tmp_path, mapping, mode):
    path = tmp_path / "a.png"
    image = Image.fromarray(IDS.astype(np.uint16) if mode == "I;16" else IDS)
    if mode == "P":
        image.putpalette([0, 0, 0] * 256)
    image.save(path)
    np.testing.assert_array_equal(read_truth(path, PARTS, mapping), EXPECTED)


def test_ids_above_255_are_read(tmp_path):
    Image.fromarray(np.array([[300, 0]], np.uint16)).save(tmp_path / "a.png")
    mapping = TruthMapping({300: "leaf", 0: "background"}, PARTS)
    np.testing.assert_array_equal(read_truth(tmp_path / "a.png", PARTS, mapping), [[1, 0]])


def test_without_a_mapping_the_ids_are_the_part_sets(tmp_path):
    write_label_map(tmp_path / "a.png", EXPECTED, PARTS)
    np.testing.assert_array_equal(read_truth(tmp_path / "a.png", PARTS), EXPECTED)


def test_unknown_ids_name_the_file(tmp_path, mapping):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 17, 18]], np.uint8)).save(path)
    with pytest.raises(BadLabel) as caught:
        read_truth(path, PARTS, mapping)
    assert str(caught.value) == (
        f"{path}: the truth has ids that the mapping does not name: 17, 18; expected 0, 4, 5, 9. Name them "
        "in the mapping: a part, or null to leave them out of the count."
    )


def test_long_lists_of_ids_are_cut():
    with pytest.raises(BadLabel, match="6, 7, 8 and 11 more; expected 0"):
        TruthMapping({0: "leaf"}, PARTS).apply(np.arange(20)[None])


def test_colour_pictures_are_no_truth_in_foreign_ids(tmp_path, mapping):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    with pytest.raises(
        BadLabel, match=r"a\.png: is a PNG of the kind RGB; expected a palette or grey PNG of ids"
    ):
        read_truth(tmp_path / "a.png", PARTS, mapping)


def test_unreadable_truth_names_the_file(tmp_path, mapping):
    with pytest.raises(BadLabel, match=r"none\.png: no such file; expected a label map as PNG"):
        read_truth(tmp_path / "none.png", PARTS, mapping)
    Image.fromarray(np.zeros((90, 90), np.uint8)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for broken in (b"no image", data[:60]):
        (tmp_path / "b.png").write_bytes(broken)
        with pytest.raises(BadLabel, match=r"b\.png: cannot be read as a PNG \(.*Save or copy it again"):
            read_truth(tmp_path / "b.png", PARTS, mapping)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", r"is no JSON or TOML \(.*expected a truth mapping; TOML in a file named \.toml"),
        ("a.toml", "0 = ", r"is no JSON or TOML \("),
        ("a.json", "[1]", r"holds a list; expected ids and parts, such as"),
        ("a.json", "{}", r"the truth mapping is empty; expected ids and parts"),
        ("a.json", '{"eye": "leaf"}', r"the truth mapping has the key 'eye'; expected an id, a whole number"),
        ("a.json", '{"70000": "leaf"}', r"the truth mapping has the id 70000; expected ids 0 to 65535"),
        ("a.json", '{"1": 5}', r"the truth mapping has 5 for id 1; expected the name of a part, or null"),
        ("a.json", '{"1": "laef"}', r"there is no part 'laef'.*Did you mean 'leaf'"),
    ],
)
def test_bad_mappings_name_their_file(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(BadLabel, match=rf"{name}: {message}"):
        read_truth_mapping(tmp_path / name, PARTS)


def test_a_missing_mapping_names_its_file(tmp_path):
    with pytest.raises(BadLabel, match=r"none\.json: no such file; expected a truth mapping, JSON or TOML"):
        read_truth_mapping(tmp_path / "none.json", PARTS)
    with pytest.raises(BadLabel, match="cannot be read"):
        read_truth_mapping(tmp_path, PARTS)

"""Label Studio's labelling setup."""

from __future__ import annotations

import pytest

from partly.data.labels.part_sets import PartSet
from partly.errors import BadOption
from partly.service.answers.labelling_setups import Setups, labelling_setup

PARTS = PartSet.from_names(("background", "hair", "left eye"))
IMAGE = '<Image name="img" value="$photo"/>'


def view(*tags: str) -> str:
    return f"<View>{''.join(tags)}</View>"


def labels(kind: str, *names: str, to: str = "img") -> str:
    inside = "".join(f'<Label value="{name}"/>' for name in names)
    return f'<{kind}Labels name="{kind}" toName="{to}">{inside}</{kind}Labels>'


def test_labels_are_matched_with_parts():
    found = labelling_setup(view(IMAGE, labels("Brush", "Left Eye", "nose", "hair", "HAIR")), PARTS)
    assert (found.kind, found.from_name, found.to_name, found.key) == ("brush", "Brush", "img", "photo")
    assert found.labels == {1: "hair", 2: "Left Eye"}


def test_an_alias_is_what_results_say():
    tag = (
        '<PolygonLabels name="p" toName="img"><Label value="Haare" alias="hair"/>'
        '<Label value="left eye" alias="L"/></PolygonLabels>'
    )
    found = labelling_setup(view(IMAGE, tag), PARTS)
    assert found.kind == "polygon"
    assert found.labels == {1: "hair", 2: "L"}


@pytest.mark.parametrize(("wanted", "kind"), [(None, "brush"), ("brush", "brush"), ("polygon", "polygon")])
def test_brush_strokes_unless_polygons_are_wanted(wanted, kind):
    text = view(IMAGE, labels("Polygon", "hair"), labels("Brush", "hair"))
    assert labelling_setup(text, PARTS, wanted).kind == kind


def test_a_tag_whose_labels_are_parts_comes_first():
    text = view(IMAGE, labels("Brush", "other"), labels("Polygon", "hair"))
    assert labelling_setup(text, PARTS, "brush").kind == "polygon"


def test_the_tag_of_the_picture_counts():
    second = '<Image name="second" value="$other"/>'
    found = labelling_setup(view(IMAGE, second, labels("Brush", "hair", to="second")), PARTS)
    assert (found.to_name, found.key) == ("second", "other")


BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><View>&b;</View>"""
OUTSIDE = """<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><View>&a;</View>"""
REFUSED = [
    (BOMB, "the labelling setup has a DOCTYPE; expected plain XML, as Label Studio has it."),
    (OUTSIDE, "the labelling setup has a DOCTYPE"),
    ("<View>", "the labelling setup is no XML (no element found"),
    ("<View>&nothing;</View>", "the labelling setup is no XML (undefined entity"),
    ("", "the labelling setup is no XML"),
    ("<a>\0</a>", "the labelling setup is no XML"),
    ("<View/>" + " " * (1 << 18), "characters; expected at most 262144."),
    (view(IMAGE), "the labelling setup has no areas of a picture; expected <Image"),
    (view(labels("Brush", "hair")), "has no areas of a picture"),
    (view(IMAGE, labels("Rectangle", "hair")), "has no areas of a picture"),
    (
        view(IMAGE, labels("Brush", "nose", "ear")),
        "the labelling setup has no label that is a part: nose, ear; expected labels among background, hair, "
        "left eye. Name labels in Label Studio as the parts, or give them the part's name as an alias.",
    ),
    (view(IMAGE, labels("Brush")), "no label that is a part: it has no labels;"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refusals(text, message):
    with pytest.raises(BadOption) as caught:
        labelling_setup(text, PARTS)
    assert message in str(caught.value)


def test_a_deep_setup_is_read():
    depth = 20_000
    text = "<View>" * depth + IMAGE + labels("Brush", "hair") + "</View>" * depth
    assert labelling_setup(text, PARTS).labels == {1: "hair"}


def test_setups_are_kept_by_project():
    setups = Setups(PARTS)
    setups.keep("1.5", view(IMAGE, labels("Brush", "hair")))
    setups.keep("2.5", view(IMAGE, labels("Polygon", "hair")))
    setups.keep("1.5", "  ")
    assert setups.of("1.5").kind == "brush"
    assert setups.of("2.5", None).kind == "polygon"
    assert setups.of("1.5", view(IMAGE, labels("Polygon", "hair"))).kind == "polygon"
    with pytest.raises(BadOption, match="no label_config, and the project was not set up here"):
        setups.of("3.5")


def test_no_more_setups_are_kept_than_fit(monkeypatch):
    monkeypatch.setattr("partly.service.answers.labelling_setups._MOST_SETUPS", 2)
    setups = Setups(PARTS)
    for project in "123":
        setups.keep(project, view(IMAGE, labels("Brush", "hair")))
    assert setups.of("3").kind == "brush"
    with pytest.raises(BadOption):
        setups.of("1")

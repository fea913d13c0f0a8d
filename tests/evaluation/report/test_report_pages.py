from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from importlib.resources import files

import pytest

from partly.errors import BadPhoto
from partly.evaluation.metrics.evaluation_scores import Evaluation, ExamplePhoto, Skipped
from partly.evaluation.report.evaluation_report import evaluation_page, evaluation_sections
from partly.evaluation.report.html_pages import page
from partly.evaluation.report.html_tables import key_values, legend, notes
from partly.evaluation.report.page_parts import ribbon
from partly.evaluation.report.section import Section

STYLE = (files("partly.evaluation.report") / "templates" / "style.css").read_text()


def test_an_evaluation_page_is_whole_and_self_contained(evaluation, page_check):
    html = evaluation_page(
        evaluation, title="Leaves", lead="Five photos.", settings={"size": "60 x 40 px"}, sections=[]
    )
    document = page_check(html)
    words = document.words()
    assert "Leaves" in words
    assert "Five photos." in words
    assert len(document.all("img")) == 3 * 4
    mean = evaluation.mean_iou
    assert f"Mean IoU, pooled {100 * mean.pooled:.1f} %" in words
    assert f"Mean IoU, per photo {100 * mean.per_photo:.1f} %" in words
    assert "10.0 % of all pixels have no truth" in words
    assert "60 x 40 px" in words


def test_all_text_is_escaped(evaluation, part_set, page_check):
    nasty = "<script>alert('x')</script>&\"'"
    evaluation = replace(evaluation, notes=(nasty,), skipped=(Skipped(nasty, nasty),))
    html = evaluation_page(
        evaluation,
        title=nasty,
        lead=nasty,
        settings={nasty: nasty},
        sections=[Section(nasty, [legend(part_set)], intro=nasty)],
    )
    document = page_check(html)
    assert len(document.all("script")) == 1
    assert not document.all("b")
    assert nasty in document.text
    assert "<script>alert(4)</script>.jpg" in document.text


def test_only_the_pages_own_script_may_run(page_check):
    html = page("A page", [])
    assert type(html) is str
    policy = page_check(html).all("meta")[1]["content"]
    script = re.search(r"<script>(.*)</script>", html, re.DOTALL).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_sections_have_distinct_anchors_and_a_table_of_contents(page_check):
    titles = ["Curves", "Curves", "Curves 2", "Ü"]
    document = page_check(page("A page", [Section(title, []) for title in titles], footer="the end"))
    anchors = [section["id"] for section in document.all("section")]
    assert anchors == ["curves", "curves--2", "curves-2", "section"]
    assert [link["href"] for link in document.all("a")][1:] == [f"#{anchor}" for anchor in anchors]
    assert document.words().endswith("the end")


def test_few_sections_need_no_table_of_contents(page_check):
    assert not page_check(page("A page", [Section("One", []), Section("Two", [])])).all("nav")


def test_header_blocks_and_ribbon(part_set, page_check):
    document = page_check(page("A page", [], header=[ribbon(part_set), ribbon(part_set, [0.64, 0.36, 0.0])]))
    equal, measured = (
        attributes
        for tag, attributes in document.tags
        if tag == "div" and attributes.get("class") == "ribbon"
    )
    assert equal["aria-label"] == "Parts: background, leaf, <b>stem</b>"
    assert measured["aria-label"] == "Parts: background 64.0 % of the area, leaf 36.0 % of the area"
    shares = [re.search(r"--share: ([\d.]+)", span["style"]).group(1) for span in document.all("span")]
    assert shares == ["33.333", "33.333", "33.333", "57.143", "42.857"]


def test_without_photos_only_label_maps_are_shown(evaluation, page_check):
    worst = tuple(replace(example, read_photo=None) for example in evaluation.worst)
    document = page_check(evaluation_page(replace(evaluation, worst=worst)))
    assert len(document.all("img")) == 3 * 3
    assert all(image["src"].startswith("data:image/png") for image in document.all("img"))


def test_a_photo_that_is_gone_is_said_to_be(evaluation, page_check):
    def gone():
        raise BadPhoto("no such file", path="photos/a.jpg")

    worst = (replace(evaluation.worst[0], read_photo=gone),)
    document = page_check(evaluation_page(replace(evaluation, worst=worst)))
    assert "The photo cannot be shown: photos/a.jpg: no such file." in document.words()
    assert len(document.all("img")) == 3


def test_an_evaluation_read_back_makes_the_page_without_pictures(evaluation, page_check):
    document = page_check(evaluation_page(Evaluation.from_json(evaluation.to_json())))
    assert not document.all("img")
    assert "Worst photos" not in document.words()


def test_without_pixels_left_out_their_number_is_given(evaluation, page_check):
    document = page_check(evaluation_page(replace(evaluation, n_left_out=0)))
    assert "of 10 800 pixels" in document.words()


def test_one_photo_needs_no_distribution(evaluation):
    alone = replace(evaluation, photos=evaluation.photos[:1])
    assert [section.title for section in evaluation_sections(alone)] == [
        "Parts",
        "Worst photos",
        "Confusions",
    ]


def test_worst_photos_name_their_weakest_parts(evaluation, page_check):
    example = evaluation.worst[0]
    assert isinstance(example, ExamplePhoto)
    words = page_check(evaluation_page(evaluation)).words()
    assert f"Weakest: leaf {100 * example.score.part_iou[1]:.0f}, background" in words


def test_key_values_and_notes(page_check):
    blocks = [key_values({"cores": 2, "torch": "2.13.0"}), notes(["One thing.", "Another."])]
    words = page_check(page("A page", [Section("About", blocks)])).words()
    assert "cores 2 torch 2.13.0" in words
    assert "One thing. Another." in words


def luminance(colour):
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Contrast ratio of two colours (WCAG 2.1, 1.4.3)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(one, other, share):
    values = [
        round(int(one[i : i + 2], 16) * share + int(other[i : i + 2], 16) * (1 - share)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{value:02x}" for value in values)


@pytest.mark.parametrize("theme", range(3), ids=["light", "dark", "print"])
def test_text_and_lines_stand_out_in_every_theme(theme):
    roots = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = {}
    for root in [roots[0], roots[theme]]:
        colours |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6}|[\d.]+);", root))
    for ground in ("paper", "surface"):
        for text in ("ink", "muted", "accent"):
            assert contrast(colours[text], colours[ground]) >= 4.5
        for n in range(1, 7):
            assert contrast(colours[f"series-{n}"], colours[ground]) >= 3
    for tone in ("right", "wrong"):
        deepest = mixed(colours[tone], colours["surface"], float(colours["heat-factor"]))
        assert contrast(colours["ink"], deepest) >= 4.5

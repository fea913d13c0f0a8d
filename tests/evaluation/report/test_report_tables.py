from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from rich.console import Console

from partly.evaluation.metrics.evaluation_scores import Evaluation, PhotoScore, Skipped
from partly.evaluation.report.evaluation_report import evaluation_table
from partly.evaluation.report.html_tables import confusion_table, part_table, table
from partly.evaluation.report.page_parts import KeyFigure, key_figures
from partly.evaluation.report.templates_rendering import colour, count, percent


def small(part_set) -> Evaluation:
    confusion = np.array([[7000, 3000, 0], [1, 9999, 0], [0, 0, 0]], np.int64)
    return Evaluation(part_set, confusion, (PhotoScore("a", 0.7, 0.8, (0.7, 0.75, math.nan)),))


def test_part_table_gives_both_conventions_and_dashes(part_set, document):
    found = document(part_table(small(part_set)))
    words = found.words()
    assert "background 70.0 70.0 100.0 70.0 50.0 1" in words
    assert "leaf 76.9 75.0 76.9 100.0 50.0 1" in words
    assert "<b>stem</b> – – – – 0.0 0" in words
    assert "mean 73.5 70.0" in words
    bars = [span["style"] for span in found.all("span") if "bar" in span.get("class", "").split()]
    assert len(bars) == 3
    assert bars[0].endswith("--share: 69.99%")


def test_confusion_table_shows_shares_of_rows(part_set, document):
    found = document(confusion_table(small(part_set)))
    cells = [cell for cell in found.all("td") if "style" in cell]
    assert [cell["class"] for cell in cells[:3]] == ["right", "wrong", "wrong none"]
    assert [cell["title"] for cell in cells[:4]] == [
        "7\u2009000 pixels",
        "3\u2009000 pixels",
        "0 pixels",
        "1 pixel",
    ]
    assert cells[0]["style"] == f"--depth: {100 * math.sqrt(0.7):.1f}%"
    words = found.words()
    assert "background 70.0 30.0 0" in words
    assert "leaf <0.1 100.0 0" in words
    assert "<b>stem</b> – – –" in words


def test_any_table_sets_numbers_to_the_right(document):
    found = document(
        table(
            ["Step", "Seconds", "Done"], [("fit", 0.81234, True), ("distil", 12345, False)], caption="Times"
        )
    )
    assert [head.get("class") for head in found.all("th")] == [None, "number", None, None, None]
    assert found.words() == "Times Step Seconds Done fit 0.8123 True distil 12\u2009345 False".replace(
        "\u2009", " "
    )
    assert "–" in document(table(["a", "b"], [("x", math.nan)])).words()
    assert document(table(["a"], [])).words() == "a"


def test_key_figures(document):
    found = document(
        key_figures([KeyFigure("Training", "7.2", "min", "on two cores"), KeyFigure("Labels", "1")])
    )
    assert found.words() == "Training 7.2 min on two cores Labels 1"


def test_texts_of_numbers():
    assert percent(0.73456) == "73.5"
    assert percent(math.nan) == "–"
    assert count(1234567) == "1\u2009234\u2009567"
    assert colour(np.array([255, 0, 16], np.uint8)) == "#ff0010"


def printed(table_of_parts) -> str:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(table_of_parts)
    return capture.get()


def test_the_terminal_gets_the_same_figures(part_set, evaluation):
    lines = [
        line.replace("│", " ").split() for line in printed(evaluation_table(small(part_set))).splitlines()
    ]
    assert ["background", "70.0", "█" * 14, "70.0", "100.0", "70.0", "50.0"] in lines
    assert ["<b>stem</b>", "–", "–", "–", "–", "0.0"] in lines
    assert ["mean", "73.5", "70.0"] in lines
    text = printed(evaluation_table(replace(evaluation, skipped=(Skipped("x.jpg", "is empty."),))))
    assert "5 photos" in text
    assert "; 1 skipped" in text


def test_part_names_are_no_markup_for_the_terminal(evaluation):
    from partly.data.labels.part_sets import PartSet

    renamed = replace(evaluation, part_set=PartSet.from_names(["background", "[red]leaf[/red]", "stem"]))
    assert "[red]leaf[/red]" in printed(evaluation_table(renamed))

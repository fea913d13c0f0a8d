"""The page of a folder of results."""

from __future__ import annotations

import numpy as np

from partly.data.labels.part_sets import PartSet
from partly.errors import BadPhoto
from partly.evaluation.report.results_report import PhotoResult, results_page

PARTS = PartSet.from_names(("ground", "ear", "nose"))


def area(n_pixels, confidence=0.5):
    return {"n_pixels": n_pixels, "share": n_pixels / 1000, "confidence": confidence if n_pixels else None}


def found(number, angle_deg=0.0, n_nose=5):
    return {
        "number": number,
        "box": [10, 20, 40, 60],
        "frame": {"x_px": 25.0, "y_px": 40.0, "side_px": 50.0, "angle_deg": angle_deg},
        "confidence": 0.987,
        "parts": {"ground": area(3), "ear": area(7), "nose": area(n_nose)},
    }


def result(name, objects=None):
    entry = {"parts": {"ground": area(990, 0.9), "ear": area(10, 0.75), "nose": area(0)}}
    if objects is not None:
        entry["objects"] = objects
    return PhotoResult(name, entry, lambda: np.zeros((8, 12, 3), np.uint8))


def test_objects_are_listed_with_what_is_known_of_them(page_check):
    page = page_check(results_page([result("<a>.jpg", [found(1, 30.2), found(2, -75, 0), found(3)])], PARTS))
    words = page.words()
    assert "<a>.jpg 3 objects" in words
    assert "1 98.7 30° left 30 × 40 ear, nose" in words
    assert "2 98.7 75° right 30 × 40 ear 3 98.7 upright" in words
    (image,) = page.all("img")
    assert image["alt"] == "<a>.jpg: 3 objects"


def test_figures_count_photos_and_objects(page_check):
    results = [result("a", [found(1), found(2)]), result("b", []), result("c", [found(1)])]
    words = page_check(results_page(results, PARTS, failed=[("d", "is broken")])).words()
    assert "Photos 3 1 could not be segmented Objects 3 in 2 photos Photos without an object 1" in words
    assert "Most in one photo 2" in words
    assert "b no object" in words
    assert "Photos without an object b Photos that could" in words
    assert "d is broken" in words


def test_without_a_search_the_parts_are_shown(page_check):
    words = page_check(results_page([result("a")], PARTS)).words()
    assert "Part Area, % Confidence, % ground 99.0 90 ear 1.0 75" in words
    assert "object" not in words


def test_of_many_photos_and_objects_some_are_shown_and_the_rest_is_counted(page_check):
    many = [result(f"photo {i}", [found(n) for n in range(1, 31)]) for i in range(203)]
    page = page_check(results_page(many, PARTS))
    assert len(page.all("img")) == 200
    assert "The first 200; 3 more photos in the same folder." in page.words()
    assert "photo 199 30 objects" in page.words()
    assert "photo 200" not in page.words()
    assert "5 more objects." in page.words()
    assert len(page.all("tr")) == 200 * (1 + 25)
    assert "Objects 6 090 in 203 photos" in page.words()


def test_a_photo_that_cannot_be_shown_says_why(page_check):
    def gone():
        raise BadPhoto("no such file", path="a.jpg")

    entry = {"parts": {}, "objects": [found(1)]}
    page = page_check(results_page([PhotoResult("a", entry, gone)], PARTS))
    assert not page.all("img")
    assert "The photo cannot be shown: a.jpg: no such file." in page.words()
    assert "1 98.7 upright" in page.words()

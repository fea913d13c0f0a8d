from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from partly.data.labels.part_sets import PartSet
from partly.evaluation.metrics.evaluation_scores import Evaluation
from partly.evaluation.segmentation.photo_scoring import EvaluationPair, evaluate

VOID = {"meta", "img", "br", "hr", "input", "link"}
# In SVG these are written as "<line .../>"; the parser reports them apart from opened tags.
LOADING = {"src", "href", "srcset", "poster", "data", "action"}


class Document(HTMLParser):
    """Tags, attributes and text of a page; fails on tags that do not balance."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(str(html))  # Markup would escape what the parser unescapes
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}: {attrs}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes {self._open[-1]}"
        self._open.pop()

    def handle_data(self, data):
        if "script" not in self._open and "style" not in self._open:
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def words(self):
        return re.sub(r"\s+", " ", self.text).strip()


def check_page(html: str) -> Document:
    """Parse a whole page and check what every page must hold."""
    document = Document(html)
    ids = [attributes["id"] for _, attributes in document.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in document.tags:
        for name in LOADING & set(attributes):
            value = attributes[name]
            assert value.startswith(("data:image/", "#")), f"{tag} loads {value[:60]}"
            if value.startswith("#"):
                assert value[1:] in ids
        assert not any(name.startswith("on") for name in attributes)
    assert "url(" not in html
    assert "@import" not in html
    for image in document.all("img"):
        assert image["alt"]
    for svg in document.all("svg"):
        assert svg.get("aria-label") or svg.get("aria-hidden") == "true"
    for head in document.all("th"):
        assert head["scope"] in {"col", "row", "colgroup"}
    assert [tag for tag, _ in document.tags].count("h1") == 1
    assert document.all("html") == [{"lang": "en"}]
    return document


@pytest.fixture
def page_check():
    return check_page


@pytest.fixture
def document():
    return Document


@pytest.fixture
def part_set() -> PartSet:
    return PartSet.from_names(["background", "leaf", "<b>stem</b>"])


@pytest.fixture
def evaluation(part_set) -> Evaluation:
    rng = np.random.default_rng(0)
    pairs = []
    for n in range(5):
        truth = np.zeros((40, 60), np.uint8)
        truth[10:30, 10:40] = 1
        truth[:4] = 255
        prediction = np.where(rng.random(truth.shape) < n / 10, 2, truth).astype(np.uint8)
        prediction[:4] = 0
        photo = rng.integers(0, 256, (80, 120, 3)).astype(np.uint8)
        pairs.append(
            EvaluationPair(f"<script>alert({n})</script>.jpg", lambda photo=photo: photo, prediction, truth)
        )
    return evaluate(pairs, part_set, n_worst=3)

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from rich.console import Console

from partly.evaluation.metrics.difference_scores import Differences
from partly.evaluation.metrics.evaluation_scores import Skipped
from partly.evaluation.metrics.generator_figures import figures_of
from partly.evaluation.metrics.generator_scores import GeneratorEvaluation, Memorisation, Pair
from partly.evaluation.metrics.reconstruction_errors import (
    MinimumReconstruction,
    Reconstruction,
    ReconstructionErrors,
)
from partly.evaluation.report.difference_section import difference_text
from partly.evaluation.report.generator_report import generator_page, generator_table


@pytest.fixture
def found():
    draws = np.random.default_rng(0)
    pixels = draws.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    figures = figures_of(
        draws.normal(size=(30, 3)), draws.normal(size=(20, 3)), network="inception", network_digest="0" * 64
    )
    return GeneratorEvaluation(
        figures,
        seed=0,
        memorisation=Memorisation(2, 0.1, 0.01, 0.5),
        random_pictures=(pixels,) * 3,
        closest=(Pair(pixels, 7, pixels, "a <b>.png", 0.25, 0.5),),
        least_covered=(Pair(pixels, 8, pixels, "c.png", 3.5, 2.25),),
        notes=("A note.",),
    )


def test_the_page(found, document):
    html = generator_page(found, title="Generator x", lead="Lead.", settings={"seed": 0})
    page = document(html)
    for text in (
        "FID",
        "KID x 1000",
        "Coverage",
        "2 (10.0 %)",
        "0.50: picture 7, photo a <b>.png",
        "2.25: photo c.png, picture 8",
        "A note.",
    ):
        assert text in page.text, text
    assert "Skipped photos" not in page.text
    assert sum(tag == "img" for tag, _ in page.tags) == 3 + 1 + 1


def test_skipped_photos_are_listed(found, document):
    found = dataclasses.replace(found, skipped=(Skipped("d.png", "is broken"),))
    assert "is broken" in document(generator_page(found, title="x", settings={})).text


def test_the_table(found):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(generator_table(found))
    text = console.export_text()
    assert "20 pictures, 30 photos" in text
    assert f"{found.figures.frechet:.2f}" in text


def test_only_inception_gives_fid(found):
    named = dataclasses.replace(found, figures=dataclasses.replace(found.figures, network="builtin"))
    html = generator_page(named, title="x", settings={})
    assert "FID" not in html
    assert "Fréchet distance (builtin)" in html


def test_the_minimum_reconstruction_error(found, document):
    pixels = found.random_pictures[0]
    of_one = Reconstruction("e.png", pixels, pixels, 0.25, 0.75)
    training = ReconstructionErrors(np.array([0.1, 0.3]), np.array([0.5, 0.6]), (of_one,))
    held_out = ReconstructionErrors(np.array([0.4]), np.array([0.9]))
    errors = MinimumReconstruction(training, held_out, "w", 300, 3, "LPIPS")
    told = dataclasses.replace(found, reconstruction=errors)
    page = document(generator_page(told, title="x", settings={}))
    for text in (
        "MRE, held-out photos",
        "0.4000",
        "0.2000 ± 0.1000",
        "LPIPS 0.5500",
        "of the training photos; LPIPS 0.7500",
        "nearest picture",
        "values go from -1 to 1",
    ):
        assert text in page.text, text
    assert sum(tag == "img" for tag, _ in page.tags) == 3 + 1 + 1 + 3
    assert told.to_json()["reconstruction"]["training"]["errors"] == [0.1, 0.3]
    assert "MRE" not in generator_page(found, title="x", settings={})
    assert "reconstruction" not in found.to_json()


def test_what_differs(found, document):
    cells, grey = np.linspace(0, 1, 16).reshape(4, 4), np.zeros((8, 8), np.uint8)
    pixels = np.zeros((8, 8, 3), np.uint8)
    differences = Differences(0.001, 12.34, 0.2, 0.5, 500, cells, grey, grey, (pixels,) * 2, (pixels,) * 3)
    before = document(generator_page(found, title="x", settings={}))
    page = document(
        generator_page(dataclasses.replace(found, differences=differences), title="x", settings={})
    )
    for text in (
        "Pictures can be told from photos by the grey values of 4 x 4 cells: p = 0.001 (t = 12.3) on 500 of",
        "A kernel with equal weights does not find it (p = 0.200)",
        "Photos that are least like pictures",
    ):
        assert text in page.text, text
    assert "What differs" not in before.text
    images = [sum(tag == "img" for tag, _ in one.tags) for one in (before, page)]
    assert images[1] - images[0] == 3 + 2 + 3
    alike = difference_text(dataclasses.replace(differences, p=0.3, plain_p=0.01))
    assert "cannot be told" in alike
    assert "equal weights finds it" in alike
    assert dataclasses.replace(found, differences=differences).to_json()["differences"]["p"] == 0.001

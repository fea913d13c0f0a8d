from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from partly.evaluation.report.picture_panels import (
    Panel,
    Picture,
    labelled_pictures,
    panels,
    picture_grid,
    picture_uri,
    thin_out,
)


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


@pytest.mark.parametrize(("flat", "kind"), [(False, "JPEG"), (True, "PNG")])
def test_pictures_are_shrunk_and_encoded(flat, kind):
    image = decoded(picture_uri(np.full((300, 1200, 3), (200, 10, 30), np.uint8), flat=flat, max_size_px=400))
    assert image.format == kind
    assert image.size == (400, 100)
    assert np.asarray(image)[50, 50] == pytest.approx([200, 10, 30], abs=3)


def test_small_pictures_stay_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(decoded(picture_uri(pixels, flat=True))), pixels)


def test_label_maps_get_no_new_colours():
    colours = np.array([[0, 0, 0], [255, 0, 0]], np.uint8)
    pixels = colours[np.random.default_rng(0).integers(0, 2, (513, 100))]
    small = thin_out(pixels, 512)
    assert small.shape == (257, 50, 3)
    assert set(np.unique(small)) == {0, 255}


def test_a_grid_of_pictures(document):
    picture = Picture(np.zeros((4, 4, 3), np.uint8), "a <face>", "caption & more")
    found = document(picture_grid([picture, Picture(picture.pixels, "no caption", flat=True)], width_px=99))
    assert [image["alt"] for image in found.all("img")] == ["a <face>", "no caption"]
    assert found.all("img")[1]["class"] == "flat"
    assert found.words() == "caption & more"
    assert found.all("div")[0]["style"] == "--width: 99px"


def test_panels_have_a_title_a_figure_and_a_note(document):
    picture = Picture(np.zeros((4, 4, 3), np.uint8), "a", "photo")
    found = document(panels([Panel("<a.jpg>", [picture, picture], "41.2 %", "A note."), Panel("b.jpg", [])]))
    assert found.words() == "<a.jpg> 41.2 % photo photo A note. b.jpg"
    assert len(found.all("article")) == 2


def test_a_picture_and_its_labels(part_set):
    pixels = np.full((800, 1600, 3), 100, np.uint8)
    label_map = np.zeros((8, 16), np.uint8)
    label_map[:4] = 1
    label_map[:, 8:] = 255
    photo, labelled = labelled_pictures("a.jpg", pixels, label_map, part_set)
    assert photo.pixels.shape == labelled.pixels.shape == (256, 512, 3)
    assert photo.alt == "a.jpg"
    assert labelled.alt == "a.jpg, parts: background, leaf"
    background, leaf = part_set.colours[:2].astype(float)
    assert labelled.pixels[200, 100] == pytest.approx(0.4 * 100 + 0.6 * background, abs=1.5)
    assert labelled.pixels[20, 100] == pytest.approx(0.4 * 100 + 0.6 * leaf, abs=1.5)
    assert (labelled.pixels[:, 300] == 100).all()

"""What the service answers where a segmentation says which objects there are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from partly.data.label_formats.brush_codes import brush_pixels
from partly.inference.find import Frame
from partly.inference.segment.segmentation import Segmentation
from partly.service.answers.label_answers import FORMS
from partly.service.answers.label_studio_predictions import prediction
from partly.service.answers.labelling_setups import LabellingSetup
from partly.service.answers.segmenting_photos import SegmentedPhoto
from tests.inference.segment.drawn_objects import segmentation_of_objects

FRAMES = (Frame(20, 25, 30), Frame(43, 25, 28, 180))


@pytest.fixture
def segmentation() -> Segmentation:
    return segmentation_of_objects(50, 70, FRAMES)


@pytest.mark.parametrize("form", ["polygons", "runs"])
def test_answers_have_the_objects(form: str, segmentation: Segmentation) -> None:
    values = json.loads(FORMS[form](SegmentedPhoto(segmentation), 0.0).data)
    assert [one["number"] for one in values["objects"]] == [1, 2]
    assert values["objects"][1]["frame"] == {"x_px": 43, "y_px": 25, "side_px": 28, "angle_deg": 180}
    assert set(values["objects"][0]["parts"]) == {"background", "left", "right"}
    none = segmentation_of_objects(50, 70, [])
    assert json.loads(FORMS[form](SegmentedPhoto(none), 0.0).data)["objects"] == []


@pytest.mark.parametrize("form", ["polygons", "runs"])
def test_answers_are_as_ever_where_objects_were_not_looked_for(form: str, segmentation: Segmentation) -> None:
    plain = Segmentation(segmentation.label_map, segmentation.confidence, segmentation.part_set)
    assert "objects" not in json.loads(FORMS[form](SegmentedPhoto(plain), 0.0).data)


@pytest.mark.parametrize("kind", ["brush", "polygon"])
def test_predictions_have_a_region_for_each_object_and_part(kind: str, segmentation: Segmentation) -> None:
    setup = LabellingSetup(kind, "tag", "image", "image", {1: "left", 2: "right"})
    key = {"brush": "brushlabels", "polygon": "polygonlabels"}[kind]
    regions = prediction(segmentation, setup, "v", 0.0)["result"]
    found = [(region["value"][key], region["meta"]["text"], region["score"]) for region in regions]
    # The touching right halves are two.
    assert found == [([part], [f"object {number}"], 0.9) for part in ("left", "right") for number in (1, 2)]
    assert segmentation.object_map is not None
    if kind == "brush":
        pixels = brush_pixels(bytes(regions[3]["value"]["rle"]), 3500).reshape(50, 70)
        expected = segmentation.mask("right") & (segmentation.object_map == 2)
        np.testing.assert_array_equal(pixels, expected)
    plain = Segmentation(segmentation.label_map, segmentation.confidence, segmentation.part_set)
    assert not any("meta" in region for region in prediction(plain, setup, "v", 0.0)["result"])

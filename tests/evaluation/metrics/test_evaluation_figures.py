from __future__ import annotations

import json
import math

import numpy as np
import pytest

from partly.data.labels.part_sets import PartSet
from partly.errors import PartlyError
from partly.evaluation.metrics.evaluation_scores import Evaluation, PhotoScore, Skipped

PARTS = PartSet.from_names(["background", "leaf", "stem", "thorn"])
NAN = math.nan


@pytest.fixture
def evaluation() -> Evaluation:
    confusion = np.array([[60, 10, 0, 0], [10, 20, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], np.int64)
    photos = (
        PhotoScore("a.jpg", 0.5, 0.8, (0.75, 0.25, NAN, NAN)),
        PhotoScore("b.jpg", 0.7, 0.8, (0.7, NAN, NAN, NAN)),
        PhotoScore("c.jpg", NAN, NAN, (NAN, NAN, NAN, NAN)),
    )
    skipped = (Skipped("d.jpg", "is empty."),)
    return Evaluation(PARTS, confusion, photos, n_left_out=25, skipped=skipped, notes=("a note",))


def test_figures_of_the_set(evaluation):
    assert evaluation.n_photos == 3
    assert evaluation.n_pixels == 100
    assert evaluation.pixel_accuracy == pytest.approx(0.8)
    assert evaluation.mean_iou.pooled == pytest.approx((60 / 80 + 20 / 40) / 2)
    assert evaluation.mean_iou.per_photo == pytest.approx((0.5 + 0.7) / 2)


def test_figures_of_the_parts(evaluation):
    background, leaf, stem, _ = evaluation.parts
    assert background.iou == pytest.approx(0.75)
    assert background.iou_per_photo == pytest.approx((0.75 + 0.7) / 2)
    assert (background.n_photos, leaf.n_photos, stem.n_photos) == (2, 1, 0)
    assert leaf.precision == pytest.approx(20 / 30)
    assert leaf.recall == pytest.approx(20 / 30)
    assert leaf.share == pytest.approx(0.3)
    assert stem.share == 0
    assert all(math.isnan(value) for value in (stem.iou, stem.iou_per_photo, stem.precision, stem.recall))


def test_json_has_null_where_there_is_no_figure_and_reads_back(evaluation):
    text = json.dumps(evaluation.to_json(), allow_nan=False)
    value = json.loads(text)
    assert value["mean_iou"] == {"pooled": 0.625, "per_photo": 0.6}
    assert value["parts"][2]["iou"] is None
    assert value["photos"][0]["part_iou"] == {"background": 0.75, "leaf": 0.25}
    assert value["photos"][2]["mean_iou"] is None
    assert value["skipped"] == [{"name": "d.jpg", "reason": "is empty."}]

    again = Evaluation.from_json(value)
    assert again.to_json() == value
    np.testing.assert_array_equal(again.confusion, evaluation.confusion)
    assert again.part_set == PARTS


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda value: value.pop("photos"), "KeyError: 'photos'"),
        (lambda value: value.update(confusion=[[1, 2], [3, 4]]), "shape (2, 2) for 4 parts"),
        (lambda value: value.update(n_left_out=None), "TypeError"),
    ],
)
def test_json_that_is_no_evaluation_is_refused(evaluation, change, text):
    value = evaluation.to_json()
    change(value)
    with pytest.raises(PartlyError) as caught:
        Evaluation.from_json(value)
    assert text in str(caught.value)
    assert str(caught.value).endswith("expected the JSON that an evaluation writes. Evaluate again.")

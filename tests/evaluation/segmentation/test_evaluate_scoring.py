from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from partly.data.labels.part_sets import PartSet
from partly.errors import BadLabel
from partly.evaluation.segmentation.photo_scoring import EvaluationPair, evaluate

PARTS = PartSet.from_names(["background", "leaf", "stem"])


def constant(value, size=(4, 4)):
    return np.full(size, value, np.uint8)


def half(first, second, size=(4, 4)):
    label_map = constant(first, size)
    label_map[size[0] // 2 :] = second
    return label_map


def test_figures_of_two_photos():
    found = evaluate(
        [
            ("right", None, half(0, 1), half(0, 1)),
            ("wrong", None, constant(0), half(0, 1)),
        ],
        PARTS,
    )
    assert found.n_photos == 2
    assert found.mean_iou.pooled == pytest.approx((16 / 24 + 8 / 16) / 2)
    assert found.mean_iou.per_photo == pytest.approx((1 + 0.25) / 2)
    assert found.photos[1].part_iou[:2] == (0.5, 0.0)
    assert math.isnan(found.photos[1].part_iou[2])
    assert found.pixel_accuracy == pytest.approx(24 / 32)


def test_pixels_without_truth_are_left_out_and_counted():
    found = evaluate([("a", None, constant(1), half(1, 255))], PARTS)
    assert found.n_left_out == 8
    assert found.n_pixels == 8
    assert found.mean_iou.pooled == 1


def test_the_worst_photos_are_kept_worst_first_and_small():
    def photo(n_wrong):
        prediction = constant(0, (1024, 8))
        prediction[:n_wrong] = 1
        return EvaluationPair(f"{n_wrong}", None, prediction, constant(0, (1024, 8)))

    found = evaluate([photo(n) for n in (3, 900, 0, 500, 20)], PARTS, n_worst=2)
    assert [example.score.name for example in found.worst] == ["900", "500"]
    assert found.worst[0].prediction.shape == found.worst[0].truth.shape == (512, 4)
    assert [photo.name for photo in found.photos] == ["3", "900", "0", "500", "20"]


def test_a_photo_without_truth_is_listed_but_not_among_the_worst():
    found = evaluate([("a", None, constant(0), constant(255)), ("b", None, constant(0), constant(0))], PARTS)
    assert math.isnan(found.photos[0].mean_iou)
    assert [example.score.name for example in found.worst] == ["b"]


def test_photos_are_streamed():
    def pairs():
        for n in range(40):
            yield f"{n}", None, constant(0, (512, 512)), constant(n % 2, (512, 512))

    tracemalloc.start()
    evaluate(pairs(), PARTS, n_worst=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 * 512 * 512  # less than the truths alone


def test_a_photo_is_read_only_when_it_is_shown():
    def read_photo():
        raise AssertionError

    found = evaluate([("a", read_photo, constant(0), constant(1))], PARTS)
    assert found.worst[0].read_photo is read_photo


def test_sizes_must_agree():
    with pytest.raises(BadLabel) as caught:
        evaluate([("folder/a.png", None, constant(0, (4, 6)), constant(0, (8, 12)))], PARTS)
    assert str(caught.value) == (
        "folder/a.png: the prediction is 6 x 4 px; expected 12 x 8 px, the size of the truth. Predict at the "
        "size of the truth, or evaluate with resizing, which takes the nearest pixel."
    )


def test_predictions_are_brought_to_the_size_of_the_truth_when_wanted():
    truth = np.kron(np.array([[0, 1], [1, 2]]), np.ones((6, 6), int)).astype(np.uint8)
    found = evaluate([("a", None, np.array([[0, 1], [1, 2]], np.uint8), truth)], PARTS, resize=True)
    assert found.mean_iou.pooled == 1


def test_predictions_must_say_a_part_wherever_there_is_truth():
    with pytest.raises(
        BadLabel, match=r"a: the prediction has 8 unlabelled pixels \(255\) where there is truth"
    ):
        evaluate([("a", None, half(0, 255), constant(0))], PARTS)
    evaluate([("a", None, half(0, 255), half(0, 255))], PARTS)


@pytest.mark.parametrize("side", ["prediction", "truth"])
def test_unknown_ids_name_the_photo(side):
    pair = EvaluationPair("a.png", None, constant(0), constant(0))._replace(**{side: constant(3)})
    with pytest.raises(BadLabel, match=r"a\.png: the label map has unknown part ids: 3 \(16 pixels\)"):
        evaluate([pair], PARTS)


def test_nothing_to_evaluate():
    with pytest.raises(BadLabel, match="there is nothing to evaluate; expected at least one prediction"):
        evaluate([], PARTS)
    with pytest.raises(BadLabel, match="the truth of 1 photo has no labelled pixel; expected"):
        evaluate([("a", None, constant(0), constant(255))], PARTS)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from partly.data.label_formats.run_lengths import pixels_of_runs, run_lengths, runs_from_text, runs_to_text
from tests.data.labels.drawings import blobs, masks

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def by_coco(mask):
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()


@settings(deadline=None)
@given(masks())
def test_runs_give_the_pixels_again(mask):
    lengths = run_lengths(mask.ravel())
    assert all(lengths[1:])
    assert np.array_equal(pixels_of_runs(lengths, mask.size), mask.ravel())


def test_runs_begin_with_what_is_off():
    assert run_lengths(np.array([0, 0, 1, 1, 1, 0, 1], bool)) == [2, 3, 1, 1]
    assert run_lengths(np.array([1, 1, 1, 1, 1, 1, 0], bool)) == [0, 6, 1]


@settings(deadline=None)
@given(masks())
def test_the_text_is_that_of_cocos_own_tool(mask):
    text = runs_to_text(run_lengths(mask.ravel(order="F")))
    assert text == by_coco(mask)
    assert runs_from_text(text) == run_lengths(mask.ravel(order="F"))


def test_large_numbers_have_the_same_text_too():
    for mask in (blobs() == 1, np.zeros((700, 900), bool), np.ones((700, 900), bool)):
        assert runs_to_text(run_lengths(mask.ravel(order="F"))) == by_coco(mask)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**31)))
def test_text_keeps_any_lengths(lengths):
    assert runs_from_text(runs_to_text(lengths)) == lengths


@pytest.mark.parametrize(
    ("lengths", "words"),
    [
        ([1, 2], "add up to 3 pixels instead of 4"),
        ([1, 10**30], "instead of 4"),
        ([], "add up to 0 pixels"),
        ([5, -1], "no whole numbers from 0 up"),
        ([2.0, 2], "no whole numbers"),
        (["2", 2], "no whole numbers"),
    ],
)
def test_runs_that_do_not_fit_are_refused(lengths, words):
    with pytest.raises(ValueError, match=words):
        pixels_of_runs(lengths, 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [("é", "damaged at 'é'"), ("1 2", "damaged"), ("1P", "end too early"), ("o" * 40, "damaged")],
)
def test_damaged_text_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        runs_from_text(text)

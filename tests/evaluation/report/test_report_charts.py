from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partly.evaluation.report.axes import linear_axis, log_axis, span_axis, tick_label
from partly.evaluation.report.charts import Series, curves, curves_svg, histogram, thin

finite = st.floats(-1e9, 1e9, allow_nan=False).map(lambda value: round(value, 6))
positive = st.floats(-9, 9).map(lambda power: 10**power)


@settings(deadline=None)
@given(finite, finite)
def test_a_linear_axis_holds_its_values_between_round_ticks(one, other):
    low, high = sorted((one, other))
    axis = linear_axis(low, high)
    span = axis.high - axis.low
    assert axis.low <= low + 1e-6 * span
    assert axis.high >= high - 1e-6 * span
    assert 2 <= len(axis.ticks) <= 12
    steps = np.diff(axis.ticks)
    assert steps == pytest.approx(steps[0], rel=1e-3)


@settings(deadline=None)
@given(finite, finite)
def test_a_span_axis_ends_where_the_values_end(one, other):
    low, high = sorted((one, other))
    axis = span_axis(low, high)
    if low < high:
        assert (axis.low, axis.high) == (low, high)
    positions = [axis.position(tick) for tick in axis.ticks]
    assert all(-1e-6 <= position <= 1 + 1e-6 for position in positions)


@settings(deadline=None)
@given(positive, positive)
def test_a_log_axis_holds_its_values(one, other):
    low, high = sorted((one, other))
    axis = log_axis(low, high)
    assert 0 < axis.low < axis.high
    assert axis.position(low) >= -1e-6
    assert axis.position(high) <= 1 + 1e-6
    assert 1 <= len(axis.ticks) <= 12
    assert all(-1e-6 <= axis.position(tick) <= 1 + 1e-6 for tick in axis.ticks)


def test_ticks_of_well_known_ranges():
    assert linear_axis(0, 1).ticks == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert linear_axis(0.13, 0.87).ticks == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert linear_axis(3, 3).ticks == (1, 2, 3, 4, 5)
    assert linear_axis(0, 0).ticks == (0, 0.2, 0.4, 0.6, 0.8, 1)
    assert span_axis(30, 4000).ticks == (1000, 2000, 3000, 4000)
    assert log_axis(0.25, 3.1).ticks == (0.2, 0.5, 1, 2, 5)
    assert log_axis(0.002, 80).ticks == (0.001, 0.01, 0.1, 1, 10, 100)


def test_positions():
    assert linear_axis(0, 10).position(2.5) == 0.25
    assert log_axis(1, 100).position(10) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.2, "0.2"),
        (1000, "1\u2009000"),
        (-25000, "-25\u2009000"),
        (2e7, "2e7"),
        (1.5e-5, "1.5e-5"),
        (12.5, "12.5"),
    ],
)
def test_tick_labels(value, text):
    assert tick_label(value) == text


def paths(found):
    return [path["d"] for path in found.all("path")]


def test_curves_have_axes_legend_and_a_description(document):
    html = curves(
        [Series("training <loss>", [0, 10, 20], [4.0, 2.0, 1.0]), Series("held out", [0, 20], [3.0, 1.5])],
        title="Loss",
        x_label="step",
        y_label="cross-entropy",
    )
    found = document(html)
    words = found.words()
    assert "training <loss> 1" in words
    assert "held out 1.5" in words
    assert "step" in words
    assert "cross-entropy" in words
    drawing = next(svg for svg in found.all("svg") if svg.get("role") == "img")
    assert drawing["aria-label"].startswith(
        "Loss. training <loss>: from 4 at 0 to 1 at 20, lowest 1, highest 4; held"
    )
    # The axes run from 1 to 4 and from 0 to 20, so the first curve goes from corner to corner.
    assert paths(found) == ["M64,14 L384,171.3 L704,250", "M64,92.7 L704,210.7"]
    assert len(found.all("circle")) == 5


def test_gaps_stay_gaps(document):
    found = document(curves([Series("a", [0, 1, 2, 3], [1, math.nan, 2, math.inf])], title="t"))
    assert paths(found)[0].count("M") == 2
    assert "L" not in paths(found)[0]


def test_a_log_axis_leaves_out_what_is_not_positive(document):
    found = document(curves([Series("a", [0, 1, 2], [0.0, 0.1, 10])], title="t", log_y=True))
    assert len(found.all("circle")) == 2
    assert "0.1" in found.words()


def test_nothing_to_draw(document):
    empty = [curves([], title="Loss"), curves([Series("a", [0], [math.nan])], title="Loss")]
    empty.append(histogram([math.nan], title="Loss", low=0, high=1))
    for html in empty:
        assert document(html).words() == "Loss No values yet."


def test_a_series_without_values_beside_others(document):
    found = document(curves([Series("a", [], []), Series("b", [1], [1])], title="t"))
    assert "a: no values" in found.all("svg")[-1]["aria-label"]


def test_x_and_y_must_be_of_one_length():
    with pytest.raises(ValueError, match="zip"):
        curves([Series("a", [0, 1], [0])], title="t")


def test_long_curves_keep_ends_and_extremes():
    values = np.sin(np.arange(50_000) / 300)
    values[12_345], values[40_000] = 9, -9
    points = [(float(x), float(y)) for x, y in enumerate(values)]
    thinned = thin(points, 600)
    assert len(thinned) <= 600
    assert {points[0], points[-1], points[12_345], points[40_000]} <= set(thinned)
    assert [x for x, _ in thinned] == sorted(x for x, _ in thinned)
    assert thin(points[:600], 600) == points[:600]
    assert set(thin([None] * 1000, 100)) == {None}


def test_long_curves_have_no_markers(document):
    found = document(curves([Series("a", range(100), range(100))], title="t"))
    assert not found.all("circle")


def test_histogram_counts(document):
    found = document(
        histogram([1, 1, 2, 9, 99, math.nan], title="t", low=0, high=10, n_bins=5, x_label="IoU")
    )
    bars = found.all("rect")
    assert len(bars) == 3
    assert "0 to 2: 2" in found.text
    assert "2 to 4: 1" in found.text
    assert "8 to 10: 2" in found.text
    heights = [float(bar["height"]) for bar in bars]
    assert heights[0] == heights[2] == pytest.approx(2 * heights[1], abs=0.2)
    assert "5 values from 1 to 99, median 2" in found.all("svg")[0]["aria-label"]


def test_curves_as_a_file_are_svg_with_their_legend():
    series = [Series("one & two", [1, 10, 100], [70.0, 75.0, 80.0]), Series("b", [1], [72.0])]
    text = curves_svg(series, title="A < B", x_label="n", y_label="IoU", log_x=True)
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words[:3] == ["A < B", "one & two", "b"]
    assert {"n", "IoU", "10"} <= set(words)
    # On a logarithmic axis, ten is half-way between one and a hundred.
    circles = [float(c.get("cx")) for c in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert circles[1] == pytest.approx((circles[0] + circles[2]) / 2, abs=0.2)


def test_curves_as_a_file_without_values_say_so():
    text = curves_svg([Series("a", [0.0], [1.0])], title="T", log_x=True)
    assert "Nothing was measured yet." in text
    ElementTree.fromstring(text)

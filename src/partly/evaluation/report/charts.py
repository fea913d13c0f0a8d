"""Charts drawn as SVG, inline or as files: curves of several series, and histograms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from partly.evaluation.report.axes import Axis, linear_axis, log_axis, span_axis, tick_label
from partly.evaluation.report.templates_rendering import render

_N_STYLES = 8
_MAX_POINTS = 600
_MAX_MARKED_POINTS = 24
_LEGEND_COLUMNS, _LONG_NAME = 3, 24
_LEGEND_ROW = 20.0

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes:
        name: its name in the legend.
        x: positions, of any scale, rising.
        y: values; NaN and infinity leave a gap.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class _Frame:
    """Where the axes stand in the drawing, in its own units."""

    width: float = 720.0
    height: float = 300.0
    left: float = 64.0
    right: float = 16.0
    top: float = 14.0
    bottom: float = 50.0

    def x(self, position: float) -> float:
        return round(self.left + position * (self.width - self.left - self.right), 1)

    def y(self, position: float) -> float:
        return round(self.top + (1 - position) * (self.height - self.top - self.bottom), 1)


@dataclass(frozen=True)
class _Line:
    name: str
    style: int
    path: str
    markers: Sequence[Point]
    last: str


@dataclass(frozen=True)
class _Bar:
    x: float
    y: float
    width: float
    height: float
    title: str


def curves(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> Markup:
    """Curves of several series over one pair of axes, with a legend that gives the last values.

    Args:
        series: the curves; long ones are thinned out without losing their extremes.
        title: what the chart shows.
        x_label: name and unit of the horizontal axis.
        y_label: name and unit of the vertical axis.
        log_x: logarithmic horizontal axis; points that are not positive are left out.
        log_y: logarithmic vertical axis; values that are not positive are left out.
    """
    context = _curves_context(series, _Frame(), title, (x_label, y_label), (log_x, log_y))
    return render("curves.html", **context) if context else render("chart_empty.html", title=title)


def curves_svg(
    series: Sequence[Series],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
    log_y: bool = False,
) -> str:
    """The drawing of :func:`curves` as an SVG file of its own, with title, legend and colours in it.

    Args:
        series, title, x_label, y_label, log_x, log_y: as for :func:`curves`.

    Returns:
        The file's text; without any value to draw, it says so.
    """
    is_long = any(len(one.name) > _LONG_NAME for one in series)
    n_columns = _LEGEND_COLUMNS - 1 if is_long else _LEGEND_COLUMNS
    n_rows = -(-len(series) // n_columns)
    frame = _Frame(height=360.0 + _LEGEND_ROW * n_rows, top=44.0 + _LEGEND_ROW * n_rows)
    context = _curves_context(series, frame, title, (x_label, y_label), (log_x, log_y)) or {
        "title": title,
        "frame": frame,
        "lines": [],
    }
    column = (frame.width - frame.left - frame.right) / n_columns
    places = [
        (frame.left + column * (i % n_columns), 44.0 + _LEGEND_ROW * (i // n_columns))
        for i in range(len(series))
    ]
    return str(render("curves.svg", places=places, **context))


def _curves_context(
    series: Sequence[Series], frame: _Frame, title: str, labels: tuple[str, str], logs: tuple[bool, bool]
) -> dict[str, object] | None:
    """What the templates of curves draw; None where there is nothing to draw."""
    drawn = [(one.name, _points(one, *logs)) for one in series]
    known = [point for _, points in drawn for point in points if point is not None]
    if not known:
        return None
    xs, ys = [x for x, _ in known], [y for _, y in known]
    x_axis = log_axis(min(xs), max(xs)) if logs[0] else span_axis(min(xs), max(xs))
    y_axis = log_axis(min(ys), max(ys)) if logs[1] else linear_axis(min(ys), max(ys))
    lines = [
        _line(name, index % _N_STYLES + 1, points, x_axis, y_axis, frame)
        for index, (name, points) in enumerate(drawn)
    ]
    return {
        "title": title,
        "summary": "; ".join(_summary(name, points) for name, points in drawn),
        "lines": lines,
        **_axes(frame, x_axis, y_axis, *labels),
    }


def histogram(
    values: Sequence[float],
    *,
    title: str,
    low: float,
    high: float,
    n_bins: int = 20,
    x_label: str = "",
    y_label: str = "",
) -> Markup:
    """How many values fall into each of ``n_bins`` equal steps from ``low`` to ``high``.

    Args:
        values: numbers; those that are not finite are left out, those outside go to the outer bins.
        title: what the chart shows.
        low: left end of the first bin.
        high: right end of the last bin.
        n_bins: number of bins.
        x_label: name and unit of the values.
        y_label: what is counted.
    """
    known = np.array([value for value in values if math.isfinite(value)])
    if not known.size:
        return render("chart_empty.html", title=title)
    counts, edges = np.histogram(known.clip(low, high), bins=n_bins, range=(low, high))
    frame = _Frame(height=220.0)
    x_axis, y_axis = span_axis(low, high, 10), linear_axis(0, int(counts.max()), 4)
    bars = [
        _bar(n, left, right, x_axis, y_axis, frame)
        for n, left, right in zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
        if n
    ]
    median = float(np.median(known))
    return render(
        "histogram.html",
        title=title,
        summary=f"{known.size} values from {known.min():.4g} to {known.max():.4g}, median {median:.4g}",
        bars=bars,
        median_x=frame.x(x_axis.position(min(max(median, low), high))),
        **_axes(frame, x_axis, y_axis, x_label, y_label),
    )


def _axes(frame: _Frame, x_axis: Axis, y_axis: Axis, x_label: str, y_label: str) -> dict[str, object]:
    return {
        "frame": frame,
        "x_label": x_label,
        "y_label": y_label,
        "x_ticks": [(frame.x(x_axis.position(tick)), tick_label(tick)) for tick in x_axis.ticks],
        "y_ticks": [(frame.y(y_axis.position(tick)), tick_label(tick)) for tick in y_axis.ticks],
    }


def _points(series: Series, positive_x: bool, positive_y: bool) -> list[Point | None]:
    """Points to draw; None stands for a gap."""
    pairs = zip(series.x, series.y, strict=True)
    points: list[Point | None] = [
        (float(x), float(y)) if _can_stand(x, positive_x) and _can_stand(y, positive_y) else None
        for x, y in pairs
    ]
    return thin(points, _MAX_POINTS)


def _can_stand(value: float, positive: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not positive)


def thin(points: list[Point | None], max_points: int) -> list[Point | None]:
    """Keep lowest and highest point of equal stretches, and both ends, so that no peak is lost."""
    if len(points) <= max_points:
        return points
    length = math.ceil(2 * len(points) / (max_points - 2))
    kept: list[Point | None] = []
    for start in range(0, len(points), length):
        stretch = points[start : start + length]
        known = [point for point in stretch if point is not None]
        extremes = {min(known, key=_value), max(known, key=_value)} if known else {None}
        kept.extend(sorted(extremes, key=lambda point: point[0] if point else 0.0))
    first, last = ([points[0]], [points[-1]])
    return (first if kept[0] != points[0] else []) + kept + (last if kept[-1] != points[-1] else [])


def _value(point: Point) -> float:
    return point[1]


def _line(
    name: str, style: int, points: Sequence[Point | None], x_axis: Axis, y_axis: Axis, frame: _Frame
) -> _Line:
    placed = [
        None if p is None else (frame.x(x_axis.position(p[0])), frame.y(y_axis.position(p[1])))
        for p in points
    ]
    known = [point for point in points if point is not None]
    return _Line(
        name=name,
        style=style,
        path=" ".join(_path(placed)),
        markers=[p for p in placed if p is not None] if len(known) <= _MAX_MARKED_POINTS else [],
        last=f"{known[-1][1]:.4g}" if known else "",
    )


def _path(points: Sequence[Point | None]) -> Iterator[str]:
    pen_down = False
    for point in points:
        if point is not None:
            yield f"{'L' if pen_down else 'M'}{point[0]:g},{point[1]:g}"
        pen_down = point is not None


def _bar(n: int, left: float, right: float, x_axis: Axis, y_axis: Axis, frame: _Frame) -> _Bar:
    x, end = frame.x(x_axis.position(left)), frame.x(x_axis.position(right))
    top, base = frame.y(y_axis.position(n)), frame.y(0.0)
    return _Bar(x + 0.5, top, max(end - x - 1, 0.5), base - top, f"{left:.4g} to {right:.4g}: {n}")


def _summary(name: str, points: Sequence[Point | None]) -> str:
    known = [point for point in points if point is not None]
    if not known:
        return f"{name}: no values"
    ys = [y for _, y in known]
    return (
        f"{name}: from {ys[0]:.4g} at {known[0][0]:.4g} to {ys[-1]:.4g} at {known[-1][0]:.4g}, "
        f"lowest {min(ys):.4g}, highest {max(ys):.4g}"
    )

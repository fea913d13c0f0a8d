import { el, svg } from "../dom/el";

type Points = readonly (readonly [number, number])[];

const WIDTH = 320;
const HEIGHT = 150;
const EDGE = { left: 44, right: 12, top: 10, bottom: 22 };

/** Small charts of a job's curves, one each. */
export function curves(all: Readonly<Record<string, Points>>): HTMLElement {
  return el(
    "div",
    { class: "curves" },
    ...Object.entries(all)
      .filter(([, points]) => points.length > 0)
      .map(([name, points], place) => chart(name, points, place)),
  );
}

function chart(name: string, points: Points, place: number): HTMLElement {
  const last = points[points.length - 1];
  const frame = frameOf(points);
  const x = (step: number): number =>
    EDGE.left + ((step - frame.x0) / (frame.x1 - frame.x0)) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value: number): number =>
    HEIGHT - EDGE.bottom - ((value - frame.y0) / (frame.y1 - frame.y0)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const path = points
    .map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`)
    .join("");
  const lines = frame.ticks.map((tick) =>
    svg(
      "g",
      {},
      svg("line", { class: "chart-grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }),
      svg(
        "text",
        { class: "chart-label", x: EDGE.left - 6, y: y(tick) + 3.5, "text-anchor": "end" },
        figure(tick),
      ),
    ),
  );
  const drawing = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      role: "img",
      "aria-label": `${name}: ${figure(last[1])} after ${last[0]} steps`,
    },
    ...lines,
    svg("text", { class: "chart-label", x: EDGE.left, y: HEIGHT - 6 }, figure(frame.x0)),
    svg(
      "text",
      { class: "chart-label", x: WIDTH - EDGE.right, y: HEIGHT - 6, "text-anchor": "end" },
      figure(frame.x1),
    ),
    svg("path", { class: `chart-line series-${(place % 6) + 1}`, d: path }),
    svg("circle", { class: `chart-dot series-${(place % 6) + 1}`, cx: x(last[0]), cy: y(last[1]), r: 3 }),
  );
  return el(
    "figure",
    { class: "curve" },
    el("figcaption", {}, name, el("strong", {}, figure(last[1]))),
    drawing,
  );
}

/** The ranges of a chart, with round figures on its left. */
export function frameOf(points: Points): { x0: number; x1: number; y0: number; y1: number; ticks: number[] } {
  const xs = points.map(([step]) => step);
  const ys = points.map(([, value]) => value).filter(Number.isFinite);
  const x0 = Math.min(...xs);
  const x1 = Math.max(...xs, x0 + 1);
  const low = ys.length ? Math.min(...ys) : 0;
  const high = ys.length ? Math.max(...ys) : 1;
  const step = roundStep((high - low || Math.abs(high) || 1) / 3);
  const y0 = Math.floor(low / step) * step;
  const y1 = Math.max(y0 + step, Math.ceil(high / step) * step);
  const ticks = Array.from({ length: Math.round((y1 - y0) / step) + 1 }, (_, i) => y0 + i * step);
  return { x0, x1, y0, y1, ticks };
}

/** 1, 2 or 5 times a power of ten, not below `step`. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * 0.999) ?? 10;
  return factor * power;
}

export function figure(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  return String(Number(value.toPrecision(3)));
}

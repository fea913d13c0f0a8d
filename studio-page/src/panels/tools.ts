import { button, checkbox, segments, slider, type Slider } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import type { IconName } from "../dom/icons";
import type { PolygonTool } from "../canvas/polygon_tool";
import type { Size } from "../painting/raster";
import { openSizeOf, type AppState, type ToolName, type ToolOptions } from "../studio/state";
import type { Studio } from "../studio/studio";

const TOOLS: readonly { name: ToolName; label: string; key: string; icon: IconName; does: string }[] = [
  { name: "brush", label: "Brush", key: "B", icon: "brush", does: "Paint the chosen part" },
  { name: "line", label: "Line", key: "L", icon: "line", does: "Thin scribbles; Shift makes them straight" },
  {
    name: "polygon",
    label: "Polygon",
    key: "G",
    icon: "polygon",
    does: "Corners by clicks; click the first one to close",
  },
  {
    name: "wand",
    label: "Magic wand",
    key: "W",
    icon: "wand",
    does: "Paint regions of like features and colours",
  },
  { name: "fill", label: "Fill", key: "F", icon: "fill", does: "Fill what is connected and alike" },
  { name: "eraser", label: "Eraser", key: "E", icon: "eraser", does: "Make pixels unlabelled again" },
  {
    name: "pan",
    label: "Move",
    key: "M",
    icon: "pan",
    does: "Move the picture; the space bar does it any time",
  },
];

/** The tools and what the chosen one can be set to. */
export function toolsPanel(studio: Studio, polygon: PolygonTool): HTMLElement {
  const buttons = TOOLS.map((tool) => {
    const element = button({
      label: tool.label,
      hint: `${tool.label} (${tool.key}): ${tool.does}`,
      icon: tool.icon,
      class: "tool",
      press: () => studio.store.set({ tool: tool.name }),
    });
    studio.store.watch(
      (state) => state.tool === tool.name,
      (isChosen) => element.setAttribute("aria-pressed", String(isChosen)),
    );
    return element;
  });
  return el(
    "section",
    { class: "tools", attrs: { "aria-label": "Tools" } },
    el("div", { class: "tool-buttons", attrs: { role: "group", "aria-label": "Tools" } }, ...buttons),
    options(studio, polygon),
  );
}

function options(studio: Studio, polygon: PolygonTool): HTMLElement {
  const title = el("h2", { class: "tool-name" });
  const rows = [
    ...brushOptions(studio),
    ...lineOptions(studio),
    ...fillOptions(studio),
    ...otherOptions(studio, polygon),
  ];
  studio.store.watch(
    (state) => [state.tool, state.penSeen] as const,
    ([name, penSeen]) => {
      setText(title, TOOLS.find((tool) => tool.name === name)?.label ?? "");
      for (const row of rows) show(row.element, row.tools.includes(name) && (penSeen || !row.needsPen));
    },
  );
  return el("div", { class: "tool-options" }, title, ...rows.map((row) => row.element));
}

interface Row {
  readonly element: HTMLElement;
  readonly tools: readonly ToolName[];
  /** Of no use without a pen. */
  readonly needsPen?: boolean;
}

function set(studio: Studio, change: Partial<ToolOptions>): void {
  studio.store.set({ options: { ...studio.store.get().options, ...change } });
}

function brushOptions(studio: Studio): Row[] {
  // The slider is logarithmic: small sizes matter more.
  const size = slider({
    label: "Size",
    min: 0,
    max: 100,
    hint: "Diameter in pixels of the picture ([ and ])",
    format: (place) => `${sizeAt(place, largestPx(studio))} px`,
    change: (place) => set(studio, { sizePx: sizeAt(place, largestPx(studio)) }),
  });
  const hardness = slider({
    label: "Hardness",
    min: 0,
    max: 100,
    step: 5,
    hint: "How much of the brush paints over everything. The rim around it only fills what is still unlabelled.",
    format: (value) => `${value} %`,
    change: (value) => set(studio, { hardness: value / 100 }),
  });
  studio.store.watch(
    (state) => [state.options.sizePx, state.open?.server],
    () => size.set(placeOf(studio.store.get().options.sizePx, largestPx(studio))),
  );
  bind(
    studio,
    (state) => state.options.hardness,
    hardness,
    (value) => Math.round(value * 100),
  );
  const pressure = checkbox(
    "Pen pressure",
    (on) => set(studio, { pressure: on }),
    "A pen that is pressed harder paints wider",
  );
  studio.store.watch(
    (state) => state.options.pressure,
    (on) => {
      pressure.input.checked = on;
    },
  );
  return [
    { element: size.element, tools: ["brush", "eraser"] },
    { element: hardness.element, tools: ["brush", "eraser"] },
    { element: pressure.element, tools: ["brush", "eraser"], needsPen: true },
  ];
}

function lineOptions(studio: Studio): Row[] {
  const width = slider({
    label: "Width",
    min: 1,
    max: 16,
    format: (value) => `${value} px`,
    change: (value) => set(studio, { lineWidthPx: value }),
  });
  bind(
    studio,
    (state) => state.options.lineWidthPx,
    width,
    (value) => value,
  );
  const shape = segments({
    label: "Lines are",
    options: [
      ["free", "free"],
      ["straight", "straight"],
    ],
    change: (value) => set(studio, { lineStraight: value === "straight" }),
  });
  studio.store.watch(
    (state) => state.options.lineStraight,
    (isStraight) => shape.set(isStraight ? "straight" : "free"),
  );
  return [
    { element: width.element, tools: ["line"] },
    { element: shape.element, tools: ["line"] },
  ];
}

function fillOptions(studio: Studio): Row[] {
  const on = segments<ToolOptions["fillOn"]>({
    label: "Alike in",
    options: [
      ["picture", "colour"],
      ["prediction", "prediction"],
      ["painted", "label"],
    ],
    change: (fillOn) => set(studio, { fillOn }),
  });
  const tolerance = slider({
    label: "Tolerance",
    min: 0,
    max: 128,
    hint: "How far red, green and blue may be off",
    format: String,
    change: (fillTolerance) => set(studio, { fillTolerance }),
  });
  studio.store.watch((state) => state.options.fillOn, on.set);
  bind(
    studio,
    (state) => state.options.fillTolerance,
    tolerance,
    (value) => value,
  );
  studio.store.watch(
    (state) => state.options.fillOn === "picture",
    (matters) => tolerance.element.classList.toggle("invisible", !matters),
  );
  return [
    { element: on.element, tools: ["fill"] },
    { element: tolerance.element, tools: ["fill"] },
  ];
}

function otherOptions(studio: Studio, polygon: PolygonTool): Row[] {
  const note = (text: string, ...tools: ToolName[]): Row => ({
    element: el("p", { class: "note" }, text),
    tools,
  });
  const only = checkbox(
    "Only where nothing is painted",
    (onlyUnlabelled) => set(studio, { onlyUnlabelled }),
    "Keeps all that is labelled already",
  );
  studio.store.watch(
    (state) => state.options.onlyUnlabelled,
    (isOn) => {
      only.input.checked = isOn;
    },
  );
  const close = el(
    "div",
    { class: "row" },
    button({ label: "Close it", text: true, icon: "check", class: "small", press: () => polygon.finish() }),
    button({ label: "Drop it", text: true, icon: "close", class: "small", press: () => polygon.cancel() }),
  );
  return [
    note("Click corners and drag them where they belong.", "polygon"),
    { element: close, tools: ["polygon"] },
    note("Click a region, or drag over several. Regions follow features and colours.", "wand"),
    note("Drag the picture. Two fingers, the middle button or the space bar do it with any tool.", "pan"),
    { element: only.element, tools: ["brush", "line", "polygon", "wand", "fill"] },
  ];
}

function bind(
  studio: Studio,
  piece: (state: Readonly<AppState>) => number,
  control: Slider,
  toPlace: (value: number) => number,
): void {
  studio.store.watch(piece, (value) => control.set(toPlace(value)));
}

/** The largest brush: half the picture. */
function largestPx(studio: Studio): number {
  return Math.max(16, sideOf(openSizeOf(studio.store.get())) / 2);
}

/** Side of a square with as many pixels as a picture. */
function sideOf(picture: Size | null): number {
  return picture ? Math.sqrt(picture.width * picture.height) : 512;
}

function sizeAt(place: number, largest: number): number {
  return Math.round(largest ** (place / 100));
}

function placeOf(sizePx: number, largest: number): number {
  return Math.round((100 * Math.log(Math.max(1, sizePx))) / Math.log(largest));
}

/** A brush of about a thirtieth of the picture, to begin with. */
export function firstSizePx(picture: Size): number {
  return Math.max(2, Math.round(sideOf(picture) / 30));
}

/** A brush one step larger or smaller. */
export function stepSize(studio: Studio, by: 1 | -1): void {
  const { tool, options } = studio.store.get();
  if (tool === "line") {
    set(studio, { lineWidthPx: Math.min(16, Math.max(1, options.lineWidthPx + by)) });
    return;
  }
  const next =
    by > 0
      ? Math.max(options.sizePx + 1, options.sizePx * 1.15)
      : Math.min(options.sizePx - 1, options.sizePx / 1.15);
  set(studio, { sizePx: Math.min(largestPx(studio), Math.max(1, Math.round(next))) });
}

export function stepHardness(studio: Studio, by: 1 | -1): void {
  const next = Math.round(20 * studio.store.get().options.hardness + by) / 20;
  set(studio, { hardness: Math.min(1, Math.max(0, next)) });
}

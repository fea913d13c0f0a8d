import type { Easel } from "../canvas/easel";
import { HEAT_STOPS } from "../colour/heat";
import { toHex } from "../colour/palette";
import { button, slider } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import type { AppState, LayerName } from "../studio/state";
import type { Studio } from "../studio/studio";

const LAYERS: readonly { name: LayerName; label: string; key: string; hint: string }[] = [
  { name: "painted", label: "Painted", key: "O", hint: "What you painted" },
  { name: "prediction", label: "Prediction", key: "V", hint: "What the segmenter makes of it" },
  { name: "doubt", label: "Doubt", key: "D", hint: "Where the segmenter is unsure" },
];

/** Below the easel: what is seen of the picture, and how large. */
export function foot(studio: Studio, easel: Easel): HTMLElement {
  const percent = button({
    label: "Size",
    text: "100 %",
    hint: "One pixel for one (End)",
    class: "quiet percent",
    press: () => easel.actual(),
  });
  studio.store.watch(
    (state) => Math.round(state.scale * devicePixelRatio * 100),
    (share) => {
      setText(percent.querySelector(".button-text")!, `${share} %`);
      percent.setAttribute("aria-label", `Shown at ${share} %. One pixel for one`);
    },
  );
  return el(
    "div",
    { class: "stage-foot", attrs: { role: "toolbar", "aria-label": "View" } },
    el("div", { class: "layers" }, ...LAYERS.map((layer) => layerControl(studio, layer))),
    el(
      "div",
      { class: "zoom" },
      button({
        label: "Zoom out",
        hint: "Zoom out (−)",
        icon: "minus",
        class: "quiet",
        press: () => easel.zoom(1 / 1.4),
      }),
      percent,
      button({
        label: "Zoom in",
        hint: "Zoom in (+)",
        icon: "plus",
        class: "quiet",
        press: () => easel.zoom(1.4),
      }),
      button({
        label: "Fit",
        hint: "Fit into the window (Home)",
        icon: "fit",
        class: "quiet",
        press: () => easel.fit(),
      }),
    ),
  );
}

function layerControl(studio: Studio, layer: (typeof LAYERS)[number]): HTMLElement {
  const toggle = button({
    label: layer.label,
    text: true,
    hint: `${layer.hint}, on or off (${layer.key})`,
    class: "layer-toggle",
    press: () => toggleLayer(studio, layer.name),
  });
  const opacity = slider({
    label: `How strong: ${layer.label.toLowerCase()}`,
    min: 10,
    max: 100,
    step: 5,
    format: (value) => `${value} %`,
    change: (value) => setLayer(studio, layer.name, { opacity: value / 100 }),
  });
  opacity.element.classList.add("bare");
  studio.store.watch(
    (state) => state.layers[layer.name],
    (now) => {
      toggle.setAttribute("aria-pressed", String(now.on));
      opacity.set(Math.round(100 * now.opacity));
      opacity.input.disabled = !now.on;
    },
  );
  return el("div", { class: `layer-control layer-control-${layer.name}` }, toggle, opacity.element);
}

function setLayer(studio: Studio, name: LayerName, change: Partial<AppState["layers"][LayerName]>): void {
  const { layers } = studio.store.get();
  studio.store.set({ layers: { ...layers, [name]: { ...layers[name], ...change } } });
}

/** Prediction and doubt take turns, as one hides the other. */
export function toggleLayer(studio: Studio, name: LayerName): void {
  const { layers } = studio.store.get();
  const on = !layers[name].on;
  const other = name === "doubt" ? "prediction" : name === "prediction" ? "doubt" : null;
  const off = other && on ? { [other]: { ...layers[other], on: false } } : {};
  studio.store.set({ layers: { ...layers, [name]: { ...layers[name], on }, ...off } });
}

let before: AppState["layers"] | null = null;

/** The picture alone, or what was seen before. */
export function togglePictureAlone(studio: Studio): void {
  const { layers } = studio.store.get();
  const isAlone = !layers.painted.on && !layers.prediction.on && !layers.doubt.on;
  const off = Object.fromEntries(
    Object.entries(layers).map(([name, layer]) => [name, { ...layer, on: false }]),
  );
  const back = before ?? {
    ...layers,
    painted: { ...layers.painted, on: true },
    prediction: { ...layers.prediction, on: true },
  };
  if (!isAlone) before = layers;
  studio.store.set({ layers: isAlone ? back : (off as unknown as AppState["layers"]) });
}

/** What the colours of doubt mean. */
export function heatLegend(studio: Studio): HTMLElement {
  const steps = HEAT_STOPS.map((stop) => el("span", { style: { "--part": toHex(stop) } }));
  const element = el(
    "div",
    { class: "heat-legend" },
    "sure",
    el("span", { class: "heat-steps" }, ...steps),
    "unsure",
  );
  studio.store.watch(
    (state) => state.layers.doubt.on,
    (isOn) => show(element, isOn),
  );
  return element;
}

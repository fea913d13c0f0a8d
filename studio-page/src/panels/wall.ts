import { heatTable } from "../colour/heat";
import { paletteOf } from "../colour/palette";
import { drawFlat } from "../canvas/layers";
import { button, progressBar } from "../dom/controls";
import { el, setRatio, setText, show } from "../dom/el";
import { partNames, type AppState, type LayerName } from "../studio/state";
import { meanDoubt, predictionAt } from "../studio/sheet";
import type { Studio } from "../studio/studio";
import { labelsPhotos, one } from "../studio/words";
import { toggleLayer } from "./layers_bar";

const THUMBNAIL_PX = 256;
const N_USUAL = 24;

/** Other pictures, and what the segmenter makes of them after every stroke. */
export function wallPanel(studio: Studio): HTMLElement {
  const grid = el("ul", { class: "wall-grid" });
  const state = el("p", { class: "note wall-state", attrs: { role: "status" } });
  const bar = progressBar("Making the wall");
  const problem = el("p", { class: "wall-problem", attrs: { role: "alert" } });
  const none = el(
    "p",
    { class: "note wall-none" },
    "There are no other photos to show. Put more into the folder, and start the studio again, or drop them on the page.",
  );
  const heat = heatTable();
  let tiles: Tile[] = [];
  const drawTiles = (): void => {
    const now = studio.store.get();
    const { prediction } = studio.wall;
    const names = partNames(now);
    const colours = (now.server?.parts ?? []).map((part) => part.colour);
    const { edge } = paletteOf(colours, (id) => now.hidden.has(names[id]), 0, 255);
    const isDoubt = now.layers.doubt.on;
    tiles.forEach((tile, i) => {
      const own = prediction !== null && i < prediction.count ? predictionAt(prediction, i) : null;
      tile.tell(own ? meanDoubt(own) : null);
      tile.overlay.hidden = !own || !(isDoubt || now.layers.prediction.on);
      if (tile.overlay.hidden || !own) return;
      drawFlat(tile.overlay, isDoubt ? own.doubt : own.labels, own, isDoubt ? heat : edge);
      tile.overlay.style.opacity = String(
        isDoubt ? now.layers.doubt.opacity : Math.max(0.55, now.layers.prediction.opacity),
      );
    });
    grid.classList.toggle("doubting", isDoubt);
  };
  const loadTiles = (): void => {
    const { wall = [], wall_ready: ready = wall } = studio.store.get().server ?? {};
    tiles.forEach((tile, i) => ready.includes(wall[i]) && tile.load());
  };
  studio.store.watch(
    (now) => [now.server?.wall.join(), hasNone(now)],
    () => {
      const ids = studio.store.get().server?.wall ?? [];
      const known = new Map(tiles.map((tile) => [tile.id, tile]));
      tiles = ids.map((id, i) => known.get(id) ?? wallTile(studio, id, i + 1));
      const isEmpty = hasNone(studio.store.get());
      show(none, isEmpty);
      const shown = ids.length > 0 || isEmpty ? tiles.map((tile) => tile.element) : placeholders();
      grid.replaceChildren(...shown);
      loadTiles();
      drawTiles();
    },
  );
  studio.store.watch((now) => now.server?.wall_ready?.join(), loadTiles);
  studio.store.watch((now) => [now.server?.parts, now.hidden, now.layers], drawTiles);
  studio.wall.predicted.on(drawTiles);
  const tell = (): void => {
    const now = studio.store.get();
    const { live } = now.server ?? {};
    setText(state, wallState(now, studio.wall.prediction !== null));
    show(bar.element, live !== undefined && isReading(now));
    show(problem, live?.state === "failed");
    setText(problem, live?.problem ?? "");
    bar.set(live && live.total > 0 ? live.done / live.total : null);
  };
  studio.store.watch(
    (now) => [now.server?.live, now.connection, now.server?.wall.length, now.thinking],
    tell,
  );
  studio.wall.predicted.on(tell);
  studio.store.watch(labelsPhotos, (isPhotos) => {
    grid.setAttribute("aria-label", `Other ${isPhotos ? "photos" : "pictures"} with their predictions`);
    grid.classList.toggle("photos", isPhotos);
  });
  return el(
    "aside",
    { class: "wall", attrs: { "aria-label": "Wall" } },
    el("header", { class: "panel-head" }, el("h2", {}, "The others follow"), state),
    el(
      "div",
      { class: "wall-layers", attrs: { role: "group", "aria-label": "What the wall shows" } },
      layerButton(studio, "prediction", "Parts", "What the segmenter makes of the others, on or off (V)"),
      layerButton(studio, "doubt", "Doubt", "Where it is unsure of them, on or off (D)"),
    ),
    bar.element,
    problem,
    none,
    grid,
  );
}

/** Shows a layer, or hides it: on the wall, and on the easel. */
function layerButton(studio: Studio, name: LayerName, label: string, hint: string): HTMLElement {
  const element = button({
    label: `${label} on the wall`,
    text: label,
    hint,
    class: "small layer-toggle",
    press: () => toggleLayer(studio, name),
  });
  studio.store.watch(
    (state) => state.layers[name].on,
    (isOn) => element.setAttribute("aria-pressed", String(isOn)),
  );
  return element;
}

interface Tile {
  readonly id: string;
  readonly element: HTMLElement;
  readonly overlay: HTMLCanvasElement;
  /** Its picture is there. */
  load(): void;
  /** How unsure the segmenter is of it, 0 to 1; null: nothing is predicted. */
  tell(doubt: number | null): void;
}

function wallTile(studio: Studio, id: string, place: number): Tile {
  const overlay = el("canvas", { class: "wall-overlay", attrs: { hidden: true } });
  const image = el("img", {
    attrs: { alt: "", decoding: "async", draggable: "false" },
  });
  const doubtBar = el("span", { class: "doubt-bar", attrs: { hidden: true } });
  const name = `Other ${one(studio.store.get())} ${place}: look at it`;
  const press = el(
    "button",
    {
      class: "wall-tile",
      attrs: { type: "button", "aria-label": name, title: "Look at it" },
      on: { click: () => studio.store.set({ lookAt: id }) },
    },
    el("span", { class: "framed" }, image, overlay),
    doubtBar,
  );
  const element = el("li", {}, press);
  image.addEventListener("load", () => {
    setRatio(element, image.naturalWidth, image.naturalHeight);
    element.classList.add("loaded");
  });
  return {
    id,
    element,
    overlay,
    load() {
      if (!image.hasAttribute("src")) image.src = studio.client.imageUrl(id, THUMBNAIL_PX);
    },
    tell(doubt) {
      show(doubtBar, doubt !== null);
      doubtBar.style.setProperty("--share", String(doubt ?? 0));
      press.title = doubt === null ? "Look at it" : `Look at it; ${Math.round(100 * doubt)} % in doubt`;
    },
  };
}

/** Empty frames while it is not known what is on the wall. */
function placeholders(): HTMLElement[] {
  return Array.from({ length: N_USUAL }, () =>
    el("li", { class: "wall-placeholder", attrs: { "aria-hidden": "true" } }),
  );
}

/** Whether there is nothing to show, and nothing will come. */
function hasNone(state: Readonly<AppState>): boolean {
  const { server } = state;
  return (
    server !== null &&
    labelsPhotos(state) &&
    server.wall.length === 0 &&
    (server.live.total === 0 || server.live.state === "failed")
  );
}

/** Whether features of the wall are still being made. */
function isReading(state: Readonly<AppState>): boolean {
  const live = state.server?.live;
  return live?.state === "warming" || (live?.state === "ready" && live.done < live.total);
}

function wallState(state: Readonly<AppState>, isPredicted: boolean): string {
  const live = state.server?.live;
  if (!live || state.connection !== "online") return "";
  if (live.state === "failed") return "not possible";
  if (live.state === "cold") return "in the making";
  if (isReading(state)) return live.total > 0 ? `${live.done} of ${live.total}` : "in the making";
  if (live.total === 0) return "";
  if (!isPredicted) return "paint two parts";
  return state.thinking ? "thinking …" : "up to date";
}

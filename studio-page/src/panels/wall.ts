import { heatTable } from "../colour/heat";
import { paletteOf } from "../colour/palette";
import { drawFlat } from "../canvas/layers";
import { progressBar } from "../dom/controls";
import { el, setRatio, setText, show } from "../dom/el";
import { partNames, type AppState } from "../studio/state";
import { predictionAt } from "../studio/sheet";
import type { Studio } from "../studio/studio";

const THUMBNAIL_PX = 256;
const N_USUAL = 24;

/** Other pictures, and what the segmenter makes of them after every stroke. */
export function wallPanel(studio: Studio): HTMLElement {
  const grid = el("ul", {
    class: "wall-grid",
    attrs: { "aria-label": "Other pictures with their predictions" },
  });
  const state = el("p", { class: "note wall-state", attrs: { role: "status" } });
  const bar = progressBar("Making the wall");
  const problem = el("p", { class: "wall-problem", attrs: { role: "alert" } });
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
      const isShown = prediction !== null && i < prediction.count && (isDoubt || now.layers.prediction.on);
      tile.overlay.hidden = !isShown;
      if (!isShown || !prediction) return;
      const { labels, doubt } = predictionAt(prediction, i);
      drawFlat(tile.overlay, isDoubt ? doubt : labels, prediction, isDoubt ? heat : edge);
      tile.overlay.style.opacity = String(
        isDoubt ? now.layers.doubt.opacity : Math.max(0.55, now.layers.prediction.opacity),
      );
    });
  };
  const loadTiles = (): void => {
    const { wall = [], wall_ready: ready = wall } = studio.store.get().server ?? {};
    tiles.forEach((tile, i) => ready.includes(wall[i]) && tile.load());
  };
  studio.store.watch(
    (now) => now.server?.wall.join(),
    () => {
      const ids = studio.store.get().server?.wall ?? [];
      tiles = ids.map((id, i) => wallTile(studio, id, i + 1));
      grid.replaceChildren(...(ids.length > 0 ? tiles.map((tile) => tile.element) : placeholders()));
      loadTiles();
      drawTiles();
    },
  );
  studio.store.watch((now) => now.server?.wall_ready?.join(), loadTiles);
  studio.store.watch((now) => [now.server?.parts, now.hidden, now.layers], drawTiles);
  studio.wall.predicted.on(drawTiles);
  const tell = (): void => {
    setText(state, wallState(studio.store.get(), studio.wall.prediction !== null));
    const live = studio.store.get().server?.live;
    show(bar.element, live?.state === "warming");
    show(problem, live?.state === "failed");
    setText(problem, live?.problem ?? "");
    bar.set(live && live.total > 0 ? live.done / live.total : null);
  };
  studio.store.watch(
    (now) => [now.server?.live, now.connection, now.server?.wall.length, now.thinking],
    tell,
  );
  studio.wall.predicted.on(tell);
  return el(
    "aside",
    { class: "wall", attrs: { "aria-label": "Wall" } },
    el("header", { class: "panel-head" }, el("h2", {}, "The others follow"), state),
    bar.element,
    problem,
    grid,
  );
}

interface Tile {
  readonly element: HTMLElement;
  readonly overlay: HTMLCanvasElement;
  /** Its picture is there. */
  load(): void;
}

function wallTile(studio: Studio, id: string, place: number): Tile {
  const overlay = el("canvas", { class: "wall-overlay", attrs: { hidden: true } });
  const image = el("img", {
    attrs: { alt: "", decoding: "async", draggable: "false" },
  });
  const element = el(
    "li",
    {},
    el(
      "button",
      {
        class: "wall-tile",
        attrs: { type: "button", "aria-label": `Other picture ${place}: look at it`, title: "Look at it" },
        on: { click: () => studio.store.set({ lookAt: id }) },
      },
      el("span", { class: "framed" }, image, overlay),
    ),
  );
  image.addEventListener("load", () => {
    setRatio(element, image.naturalWidth, image.naturalHeight);
    element.classList.add("loaded");
  });
  return {
    element,
    overlay,
    load() {
      if (!image.hasAttribute("src")) image.src = studio.client.imageUrl(id, THUMBNAIL_PX);
    },
  };
}

/** Empty frames while the generator is being read. */
function placeholders(): HTMLElement[] {
  return Array.from({ length: N_USUAL }, () =>
    el("li", { class: "wall-placeholder", attrs: { "aria-hidden": "true" } }),
  );
}

function wallState(state: Readonly<AppState>, isPredicted: boolean): string {
  const live = state.server?.live;
  if (!live || state.connection !== "online") return "";
  if (live.state === "failed") return "not possible";
  if (live.state === "warming") return live.total > 0 ? `${live.done} of ${live.total}` : "in the making";
  if (live.state === "cold") return "in the making";
  if (!isPredicted) return "paint two parts";
  return state.thinking ? "thinking …" : "up to date";
}

import { heatTable } from "../colour/heat";
import { paletteOf } from "../colour/palette";
import { drawFlat } from "../canvas/layers";
import { button } from "../dom/controls";
import { el, setRatio, setText, show } from "../dom/el";
import type { Prediction } from "../server/types";
import { accept } from "../studio/painting";
import { labelFromWall } from "../studio/pictures";
import { openIdOf, partNames } from "../studio/state";
import { meanDoubt, predictionAt } from "../studio/sheet";
import type { Studio } from "../studio/studio";

const LARGE_PX = 512;

/** One picture of the wall, large, in the easel's place. */
export function lookPanel(studio: Studio): HTMLElement {
  const image = el("img", { attrs: { alt: "Picture of the wall", draggable: "false" } });
  const overlay = el("canvas", { class: "look-overlay", attrs: { hidden: true } });
  const frame = el("div", { class: "look-picture framed" }, image, overlay);
  image.addEventListener("load", () => setRatio(frame, image.naturalWidth, image.naturalHeight));
  const title = el("p", { class: "look-title" });
  let prediction: Prediction | null = null;
  const heat = heatTable();

  const tellPlace = (place: number, n: number): void => {
    const doubt = prediction ? `, ${Math.round(100 * meanDoubt(prediction))} % in doubt` : "";
    setText(title, `${place} of ${n}${doubt}`);
  };
  const draw = (): void => {
    const state = studio.store.get();
    const { layers } = state;
    const isShown = prediction !== null && (layers.doubt.on || layers.prediction.on);
    overlay.hidden = !isShown;
    frame.classList.toggle("doubting", layers.doubt.on);
    if (!isShown || !prediction) return;
    const names = partNames(state);
    const colours = (state.server?.parts ?? []).map((part) => part.colour);
    const { edge } = paletteOf(colours, (id) => state.hidden.has(names[id]), 0, 255);
    drawFlat(
      overlay,
      layers.doubt.on ? prediction.doubt : prediction.labels,
      prediction,
      layers.doubt.on ? heat : edge,
    );
    overlay.style.opacity = String(layers.doubt.on ? layers.doubt.opacity : layers.prediction.opacity);
  };
  const element = el(
    "section",
    { class: "look", attrs: { "aria-label": "A picture of the wall" } },
    el("div", { class: "look-room" }, frame),
    el(
      "div",
      { class: "look-bar" },
      button({ label: "One before", icon: "left", class: "quiet", press: () => stepLook(studio, -1) }),
      title,
      button({ label: "Next one", icon: "right", class: "quiet", press: () => stepLook(studio, 1) }),
      button({
        label: "Label this one",
        text: true,
        icon: "brush",
        class: "primary",
        press: () => void take(studio, false),
      }),
      button({
        label: "Accept as it is",
        text: true,
        icon: "check",
        hint: "It becomes one of yours, labelled with the prediction, to be corrected",
        press: () => void take(studio, true),
      }),
      button({
        label: "Back",
        text: true,
        hint: "Back to what you paint (Esc)",
        press: () => studio.store.set({ lookAt: null }),
      }),
    ),
  );
  studio.store.watch(
    (state) => state.lookAt,
    (id) => {
      show(element, id !== null);
      if (!id) return;
      prediction = predictionOf(studio, id);
      image.src = studio.client.imageUrl(id, LARGE_PX);
      const wall = studio.store.get().server?.wall ?? [];
      tellPlace(wall.indexOf(id) + 1, wall.length);
      draw();
    },
  );
  studio.store.watch((state) => [state.layers, state.hidden, state.server?.parts], draw);
  studio.wall.predicted.on(() => {
    const id = studio.store.get().lookAt;
    if (!id) return;
    prediction = predictionOf(studio, id);
    const wall = studio.store.get().server?.wall ?? [];
    tellPlace(wall.indexOf(id) + 1, wall.length);
    draw();
  });
  return element;
}

/** What the wall's prediction says of one picture; null: nothing yet. */
function predictionOf(studio: Studio, id: string): Prediction | null {
  const { prediction } = studio.wall;
  const place = studio.store.get().server?.wall.indexOf(id) ?? -1;
  if (!prediction || place < 0 || place >= prediction.count) return null;
  return predictionAt(prediction, place);
}

export function stepLook(studio: Studio, by: 1 | -1): void {
  const state = studio.store.get();
  const wall = state.server?.wall ?? [];
  const place = wall.indexOf(state.lookAt ?? "");
  if (place >= 0) studio.store.set({ lookAt: wall[(place + by + wall.length) % wall.length] });
}

async function take(studio: Studio, acceptToo: boolean): Promise<void> {
  const wallId = studio.store.get().lookAt;
  if (!wallId) return;
  const id = await labelFromWall(studio, wallId);
  if (!id || !acceptToo || openIdOf(studio.store.get()) !== id) return;
  await waitForPrediction(studio, id);
  await accept(studio, true);
}

/** The server predicts a picture soon after it is opened. */
function waitForPrediction(studio: Studio, id: string): Promise<void> {
  if (studio.sheet.prediction) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = studio.sheet.predicted.on(() => {
      if (!studio.sheet.prediction && studio.sheet.id === id) return;
      stop();
      clearTimeout(timer);
      resolve();
    });
    const timer = setTimeout(() => {
      stop();
      resolve();
    }, 5000);
  });
}

import { heatTable } from "../colour/heat";
import { paintColours, paintFlat, paletteOf, type Palette } from "../colour/palette";
import { el } from "../dom/el";
import { sameSize, union, wholeBox, type Box, type Size } from "../painting/raster";
import { STROKE_END } from "../studio/painting";
import { partNames, type AppState } from "../studio/state";
import type { Studio } from "../studio/studio";

const EDGE_ALPHA = 255;
const INNER_ALPHA = 178;

/** The canvases of the open picture, one over the other. Each is drawn only where, and when, something changed. */
export class Layers {
  readonly picture = canvas("layer layer-picture");
  readonly prediction = canvas("layer layer-prediction");
  readonly doubt = canvas("layer layer-doubt");
  readonly painted = canvas("layer layer-painted");
  readonly preview = canvas("layer layer-preview");
  readonly element: HTMLElement;

  private image: ImageData | null = null;
  private pixels: Uint32Array | null = null;
  private palette: Palette = paletteOf([], () => false, 0, 0);
  private dirty: Box | null = null;
  private predictionDirty = false;
  private scheduled = false;
  private previewBox: Box | null = null;
  private readonly heat = heatTable();

  constructor(private readonly studio: Studio) {
    this.element = el(
      "div",
      { class: "sheet" },
      this.picture,
      this.prediction,
      this.doubt,
      this.painted,
      this.preview,
    );
    const { sheet, store } = studio;
    sheet.painted.on((box) => this.touch(box));
    sheet.replaced.on(() => this.reset());
    sheet.predicted.on(() => this.touchPrediction());
    store.watch(
      (state) => [state.server?.parts, state.hidden],
      () => this.recolour(),
    );
    store.watch(
      (state) => state.layers,
      (layers) => this.showLayers(layers),
    );
  }

  /** Draws the picture; keeps its colours for the fill tool where `keep`. */
  setPicture(source: CanvasImageSource, size: Size, keep: boolean): void {
    const context = resized(this.picture, size);
    context.imageSmoothingEnabled = true;
    context.drawImage(source, 0, 0, size.width, size.height);
    this.picture.hidden = false;
    if (keep) this.studio.sheet.pixels = context.getImageData(0, 0, size.width, size.height).data;
  }

  /** Shows pixels that a tool would paint, in one colour; null clears them. */
  setPreview(pixels: readonly number[] | null, colour: string): void {
    const raster = this.studio.sheet.labels;
    if (!raster) return;
    const context = resized(this.preview, raster);
    if (this.previewBox)
      context.clearRect(this.previewBox.x, this.previewBox.y, this.previewBox.w, this.previewBox.h);
    this.previewBox = null;
    if (!pixels) return;
    context.fillStyle = colour;
    for (const [y, first, last] of runs(pixels, raster.width)) {
      context.fillRect(first, y, last - first + 1, 1);
      this.previewBox = union(this.previewBox, { x: first, y, w: last - first + 1, h: 1 });
    }
  }

  private reset(): void {
    const { labels } = this.studio.sheet;
    if (!labels) {
      this.image = this.pixels = null;
      for (const layer of [this.picture, this.painted, this.preview]) layer.hidden = true;
      this.previewBox = null;
      return;
    }
    this.painted.hidden = this.preview.hidden = false;
    if (this.image && sameSize(this.image, labels)) return;
    resized(this.painted, labels);
    resized(this.preview, labels);
    this.image = new ImageData(labels.width, labels.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  private touch(box: Box): void {
    this.dirty = union(this.dirty, box);
    this.schedule();
  }

  private touchPrediction(): void {
    this.predictionDirty = true;
    this.schedule();
  }

  private recolour(): void {
    const state = this.studio.store.get();
    const names = partNames(state);
    const colours = (state.server?.parts ?? []).map((part) => part.colour);
    this.palette = paletteOf(colours, (id) => state.hidden.has(names[id]), INNER_ALPHA, EDGE_ALPHA);
    if (this.studio.sheet.labels) this.touch(wholeBox(this.studio.sheet.labels));
    this.touchPrediction();
  }

  private showLayers(layers: AppState["layers"]): void {
    for (const name of ["painted", "prediction", "doubt"] as const) {
      this[name].classList.toggle("off", !layers[name].on);
      this[name].style.opacity = String(layers[name].opacity);
    }
    this.element.classList.toggle("doubting", layers.doubt.on);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.drawPainted();
      if (this.predictionDirty) this.drawPrediction();
    });
  }

  private drawPainted(): void {
    const { labels } = this.studio.sheet;
    const box = this.dirty;
    this.dirty = null;
    if (!box || !labels || !this.image || !this.pixels || !sameSize(this.image, labels)) return;
    const drawn = paintColours(labels, box, this.palette, this.pixels);
    if (drawn) contextOf(this.painted).putImageData(this.image, 0, 0, drawn.x, drawn.y, drawn.w, drawn.h);
  }

  private drawPrediction(): void {
    this.predictionDirty = false;
    const { prediction } = this.studio.sheet;
    this.prediction.hidden = this.doubt.hidden = !prediction;
    if (!prediction) return;
    drawFlat(this.prediction, prediction.labels, prediction, this.palette.edge);
    drawFlat(this.doubt, prediction.doubt, prediction, this.heat);
    if (performance.getEntriesByName(STROKE_END).length > 0) {
      performance.measure("stroke end to prediction", STROKE_END);
      performance.clearMarks(STROKE_END);
    }
  }
}

/** Draws one byte a pixel by a table of colours. */
export function drawFlat(
  target: HTMLCanvasElement,
  values: Uint8Array,
  size: Size,
  colours: Uint32Array,
): void {
  const context = resized(target, size);
  const image = new ImageData(size.width, size.height);
  paintFlat(values, colours, new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

function canvas(className: string): HTMLCanvasElement {
  return el("canvas", { class: className, attrs: { hidden: true } });
}

function contextOf(target: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = target.getContext("2d", { willReadFrequently: false });
  if (!context) throw new Error("this browser draws no canvas");
  return context;
}

/** A canvas of that size; one that has it keeps what is drawn on it. */
function resized(target: HTMLCanvasElement, { width, height }: Size): CanvasRenderingContext2D {
  if (target.width !== width) target.width = width;
  if (target.height !== height) target.height = height;
  return contextOf(target);
}

/** Pixels, by index in any order, as runs in rows: y, first x, last x. */
function runs(pixels: readonly number[], width: number): [number, number, number][] {
  const sorted = Int32Array.from(pixels).sort();
  const found: [number, number, number][] = [];
  for (const index of sorted) {
    const x = index % width;
    const y = (index - x) / width;
    const last = found.at(-1);
    if (last && last[0] === y && x <= last[2] + 1) last[2] = x;
    else found.push([y, x, x]);
  }
  return found;
}

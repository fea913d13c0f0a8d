import { inkOn, toHex } from "../colour/palette";
import { drawBrush } from "../painting/brush";
import { colourMatcher, flood } from "../painting/flood";
import { UNLABELLED, indexBelow, type Point } from "../painting/raster";
import type { Stroke } from "../painting/stroke";
import { beginStroke, commitStroke, dropStroke, showStroke } from "../studio/painting";
import { fetchSuperpixels } from "../studio/pictures";
import { partId } from "../studio/state";
import { say, type Studio } from "../studio/studio";
import type { Layers } from "./layers";

/** What a tool knows of the pointer. Points are in pixels of the picture. */
export interface Touch {
  readonly at: Point;
  /** 0 to 1; 1 for what has no pressure. */
  readonly pressure: number;
  readonly straight: boolean;
}

export interface Tool {
  /** False where nothing can be painted now. */
  press(touch: Touch): boolean;
  drag(touch: Touch): void;
  release(): void;
  cancel(): void;
  hover?(at: Point | null): void;
}

/** Brush, eraser and free lines: a round tip drawn along the way. */
export class BrushTool implements Tool {
  private stroke: Stroke | null = null;
  private last: Point = { x: 0, y: 0 };

  constructor(
    private readonly studio: Studio,
    private readonly kind: "brush" | "eraser" | "line",
  ) {}

  press(touch: Touch): boolean {
    const part = partId(this.studio.store.get());
    const rules = this.kind === "eraser" ? { id: UNLABELLED, softTarget: part } : { id: part };
    this.stroke = beginStroke(this.studio, rules);
    this.last = touch.at;
    this.draw(touch);
    return this.stroke !== null;
  }

  drag(touch: Touch): void {
    this.draw(touch);
    this.last = touch.at;
  }

  release(): void {
    if (this.stroke) commitStroke(this.studio, this.stroke);
    this.stroke = null;
  }

  cancel(): void {
    if (this.stroke) dropStroke(this.studio, this.stroke);
    this.stroke = null;
  }

  private draw(touch: Touch): void {
    const { stroke } = this;
    const { labels } = this.studio.sheet;
    if (!stroke || !labels) return;
    const { options } = this.studio.store.get();
    const isLine = this.kind === "line";
    const diameter = isLine ? options.lineWidthPx : options.sizePx * (options.pressure ? touch.pressure : 1);
    drawBrush(
      this.last,
      touch.at,
      Math.max(1, diameter),
      isLine ? 1 : options.hardness,
      labels,
      (index, soft) => stroke.paint(index, soft),
    );
    showStroke(this.studio, stroke);
  }
}

/** Straight lines: shown until the release, painted then. */
export class StraightLineTool implements Tool {
  private from: Point | null = null;
  private to: Point = { x: 0, y: 0 };

  constructor(
    private readonly studio: Studio,
    private readonly layers: Layers,
  ) {}

  press(touch: Touch): boolean {
    this.from = this.to = touch.at;
    this.show();
    return true;
  }

  drag(touch: Touch): void {
    this.to = touch.at;
    this.show();
  }

  release(): void {
    const pixels = this.pixels();
    this.cancel();
    paintAll(this.studio, pixels);
  }

  cancel(): void {
    this.from = null;
    this.layers.setPreview(null, "");
  }

  private show(): void {
    const state = this.studio.store.get();
    const colour = state.server?.parts[partId(state)]?.colour;
    this.layers.setPreview(this.pixels(), colour ? toHex(colour) : "#fff");
  }

  private pixels(): number[] {
    const { labels } = this.studio.sheet;
    const pixels: number[] = [];
    if (!this.from || !labels) return pixels;
    const { lineWidthPx } = this.studio.store.get().options;
    drawBrush(this.from, this.to, lineWidthPx, 1, labels, (index) => pixels.push(index));
    return pixels;
  }
}

/** Either line, by the tool's option or the shift key. */
export class LineTool implements Tool {
  private readonly free: BrushTool;
  private readonly straight: StraightLineTool;
  private used: Tool | null = null;

  constructor(
    private readonly studio: Studio,
    layers: Layers,
  ) {
    this.free = new BrushTool(studio, "line");
    this.straight = new StraightLineTool(studio, layers);
  }

  press(touch: Touch): boolean {
    const isStraight = this.studio.store.get().options.lineStraight || touch.straight;
    this.used = isStraight ? this.straight : this.free;
    return this.used.press(touch);
  }

  drag(touch: Touch): void {
    this.used?.drag(touch);
  }

  release(): void {
    this.used?.release();
  }

  cancel(): void {
    this.used?.cancel();
  }
}

/** Fills what is connected: pixels of one colour, of one predicted part, or painted alike. */
export class FillTool implements Tool {
  constructor(private readonly studio: Studio) {}

  press(touch: Touch): boolean {
    const { labels } = this.studio.sheet;
    if (!labels) return false;
    const x = Math.floor(touch.at.x);
    const y = Math.floor(touch.at.y);
    if (x < 0 || y < 0 || x >= labels.width || y >= labels.height) return false;
    const matches = this.matcher(y * labels.width + x);
    if (!matches) return false;
    const pixels: number[] = [];
    flood(labels, x, y, matches, (index) => pixels.push(index));
    paintAll(this.studio, pixels);
    return true;
  }

  drag(): void {}
  release(): void {}
  cancel(): void {}

  private matcher(start: number): ((index: number) => boolean) | null {
    const { labels, pixels, prediction } = this.studio.sheet;
    const { fillOn, fillTolerance } = this.studio.store.get().options;
    if (!labels) return null;
    if (fillOn === "painted") {
      const wanted = labels.data[start];
      const before = labels.data.slice();
      return (index) => before[index] === wanted;
    }
    if (fillOn === "picture") return pixels ? colourMatcher(pixels, start, fillTolerance) : null;
    if (!prediction) {
      say(this.studio, "There is no prediction yet: paint two parts first.");
      return null;
    }
    const at = (index: number): number => {
      const px = index % labels.width;
      const py = (index - px) / labels.width;
      return prediction.labels[indexBelow(prediction, labels, px, py)];
    };
    const wanted = at(start);
    return (index) => at(index) === wanted;
  }
}

/** Paints whole superpixels: regions of like features and colours. */
export class WandTool implements Tool {
  private stroke: Stroke | null = null;
  private last: Point = { x: 0, y: 0 };
  private hovered = -1;

  constructor(
    private readonly studio: Studio,
    private readonly layers: Layers,
  ) {}

  press(touch: Touch): boolean {
    if (!this.studio.sheet.superpixels) {
      say(this.studio, "The wand's regions are still being made. A moment, please.");
      void fetchSuperpixels(this.studio);
      return false;
    }
    this.stroke = beginStroke(this.studio, { id: partId(this.studio.store.get()) });
    this.last = touch.at;
    this.hover(null);
    this.add(touch.at);
    return this.stroke !== null;
  }

  drag(touch: Touch): void {
    const { superpixels, labels } = this.studio.sheet;
    if (!superpixels || !labels) return;
    const cell = labels.width / superpixels.size.width;
    const n = Math.max(
      1,
      Math.ceil(Math.hypot(touch.at.x - this.last.x, touch.at.y - this.last.y) / (2 * cell)),
    );
    for (let i = 1; i <= n; i++) {
      this.add({
        x: this.last.x + ((touch.at.x - this.last.x) * i) / n,
        y: this.last.y + ((touch.at.y - this.last.y) * i) / n,
      });
    }
    this.last = touch.at;
  }

  release(): void {
    if (this.stroke) commitStroke(this.studio, this.stroke);
    this.stroke = null;
  }

  cancel(): void {
    if (this.stroke) dropStroke(this.studio, this.stroke);
    this.stroke = null;
    this.hover(null);
  }

  hover(at: Point | null): void {
    const { superpixels, labels } = this.studio.sheet;
    const id = at && superpixels && labels ? superpixels.at(at.x / labels.width, at.y / labels.height) : -1;
    if (id === this.hovered) return;
    this.hovered = id;
    if (id < 0 || !superpixels || !labels) {
      this.layers.setPreview(null, "");
      return;
    }
    const pixels: number[] = [];
    superpixels.visitPixels(id, labels.width, labels.height, (index) => pixels.push(index));
    this.layers.setPreview(pixels, this.previewColour());
  }

  private add(at: Point): void {
    const { superpixels, labels } = this.studio.sheet;
    const { stroke } = this;
    if (!superpixels || !labels || !stroke) return;
    const id = superpixels.at(at.x / labels.width, at.y / labels.height);
    if (id >= 0) superpixels.visitPixels(id, labels.width, labels.height, (index) => stroke.paint(index));
    showStroke(this.studio, stroke);
  }

  private previewColour(): string {
    const state = this.studio.store.get();
    const colour = state.server?.parts[partId(state)]?.colour ?? ([255, 255, 255] as const);
    return inkOn(colour) === "light" ? "rgb(255 255 255 / 45%)" : `${toHex(colour)}a0`;
  }
}

/** Paints pixels as one stroke. */
export function paintAll(studio: Studio, pixels: Iterable<number>): void {
  const stroke = beginStroke(studio, { id: partId(studio.store.get()) });
  if (!stroke) return;
  for (const index of pixels) stroke.paint(index);
  commitStroke(studio, stroke);
}

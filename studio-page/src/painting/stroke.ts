import { UNLABELLED, cut, place, union, type Box, type Raster } from "./raster";

/** What a stroke may do to a pixel. */
export interface StrokeRules {
  /** The part that it paints; 255 erases. */
  readonly id: number;
  /** `locked[id]` is 1 where pixels of that part must stay. */
  readonly locked: Uint8Array;
  /** Paint only where nothing was painted before the stroke (of an eraser: ignored). */
  readonly onlyUnlabelled?: boolean;
  /** The former id that the soft rim of a brush may change: unlabelled pixels, or the chosen part of an eraser. */
  readonly softTarget?: number;
}

/** Buffers of a picture's size that strokes use one after the other. */
export interface Scratch {
  readonly touched: Uint8Array;
  readonly before: Uint8Array;
}

export function scratchFor(raster: Raster): Scratch {
  return { touched: new Uint8Array(raster.data.length), before: new Uint8Array(raster.data.length) };
}

/**
 * One stroke, from press to release. It changes the label map at once, remembers what was there before it, and
 * judges every pixel by that, so that going over a place twice changes nothing.
 */
export class Stroke {
  /** Around all pixels that it changed so far. */
  box: Box | null = null;
  /** Around those changed since `takeFresh` was called last. */
  private fresh: Box | null = null;

  constructor(
    private readonly raster: Raster,
    private readonly rules: StrokeRules,
    private readonly scratch: Scratch,
  ) {}

  /** Paints one pixel, by its index; `soft` for the rim of a brush. */
  paint(index: number, soft = false): void {
    const { touched, before } = this.scratch;
    const { data } = this.raster;
    if (!touched[index]) {
      touched[index] = 1;
      before[index] = data[index];
      this.reach(index);
    }
    if (this.mayChange(before[index], soft)) data[index] = this.rules.id;
  }

  /** The box changed since the last call, for drawing. */
  takeFresh(): Box | null {
    const box = this.fresh;
    this.fresh = null;
    return box;
  }

  /** The end: what it changed, as the box's labels before and after; null when it changed nothing. */
  finish(): { box: Box; labels: Uint8Array<ArrayBuffer>; before: Uint8Array<ArrayBuffer> } | null {
    const touchedBox = this.box;
    if (!touchedBox) return null;
    const box = this.changedBox(touchedBox);
    const done = box && { box, labels: cut(this.raster, box), before: this.beforeIn(box) };
    this.clearScratch(touchedBox);
    return done;
  }

  /** Undoes what it did so far. Gives the box to draw anew. */
  cancel(): Box | null {
    const box = this.box;
    if (!box) return null;
    place(this.raster, box, this.beforeIn(box));
    this.clearScratch(box);
    return box;
  }

  private mayChange(before: number, soft: boolean): boolean {
    const { id, locked, onlyUnlabelled, softTarget = UNLABELLED } = this.rules;
    if (before === id || (before !== UNLABELLED && locked[before])) return false;
    if (onlyUnlabelled && id !== UNLABELLED && before !== UNLABELLED) return false;
    return !soft || before === softTarget;
  }

  private reach(index: number): void {
    const x = index % this.raster.width;
    const y = (index - x) / this.raster.width;
    this.box = grown(this.box, x, y);
    this.fresh = grown(this.fresh, x, y);
  }

  private changedBox(within: Box): Box | null {
    const { touched, before } = this.scratch;
    const { data, width } = this.raster;
    let box: Box | null = null;
    for (let y = within.y; y < within.y + within.h; y++) {
      let first = -1;
      let last = -1;
      for (let x = within.x; x < within.x + within.w; x++) {
        const i = y * width + x;
        if (!touched[i] || before[i] === data[i]) continue;
        if (first < 0) first = x;
        last = x;
      }
      if (first >= 0) box = union(box, { x: first, y, w: last - first + 1, h: 1 });
    }
    return box;
  }

  private beforeIn(box: Box): Uint8Array<ArrayBuffer> {
    const { touched, before } = this.scratch;
    const labels = cut(this.raster, box);
    for (let row = 0; row < box.h; row++) {
      for (let column = 0; column < box.w; column++) {
        const i = (box.y + row) * this.raster.width + box.x + column;
        if (touched[i]) labels[row * box.w + column] = before[i];
      }
    }
    return labels;
  }

  private clearScratch(box: Box): void {
    for (let row = box.y; row < box.y + box.h; row++) {
      const start = row * this.raster.width + box.x;
      this.scratch.touched.fill(0, start, start + box.w);
    }
    this.box = null;
    this.fresh = null;
  }
}

function grown(box: Box | null, x: number, y: number): Box {
  if (!box) return { x, y, w: 1, h: 1 };
  if (x >= box.x && y >= box.y && x < box.x + box.w && y < box.y + box.h) return box;
  return union(box, { x, y, w: 1, h: 1 })!;
}

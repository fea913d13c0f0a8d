/** Label maps and boxes: plain numbers, no page. A label map is `data[y * width + x]`, part ids, 255 unlabelled. */

export const UNLABELLED = 255;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Raster extends Size {
  readonly data: Uint8Array;
}

/** Pixels x .. x + w - 1, y .. y + h - 1. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A label map on which nothing is painted. */
export function unlabelled(width: number, height: number): Raster {
  return { width, height, data: new Uint8Array(width * height).fill(UNLABELLED) };
}

export function wholeBox(raster: Size): Box {
  return { x: 0, y: 0, w: raster.width, h: raster.height };
}

export function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Index of the pixel of a map that is stretched over a picture, below a pixel of the picture. */
export function indexBelow(map: Size, picture: Size, x: number, y: number): number {
  const row = Math.floor((y * map.height) / picture.height);
  return row * map.width + Math.floor((x * map.width) / picture.width);
}

/** The smallest box around both. */
export function union(a: Box | null, b: Box | null): Box | null {
  if (!a || !b) return a ?? b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, w: Math.max(a.x + a.w, b.x + b.w) - x, h: Math.max(a.y + a.h, b.y + b.h) - y };
}

/** The part of a box that lies inside a raster, grown by `margin` pixels before; null where none does. */
export function clip(box: Box, raster: Size, margin = 0): Box | null {
  const x = Math.max(0, box.x - margin);
  const y = Math.max(0, box.y - margin);
  const right = Math.min(raster.width, box.x + box.w + margin);
  const bottom = Math.min(raster.height, box.y + box.h + margin);
  return right > x && bottom > y ? { x, y, w: right - x, h: bottom - y } : null;
}

/** The labels in a box, row by row. */
export function cut(raster: Raster, box: Box): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(box.w * box.h);
  for (let row = 0; row < box.h; row++) {
    const start = (box.y + row) * raster.width + box.x;
    out.set(raster.data.subarray(start, start + box.w), row * box.w);
  }
  return out;
}

/** Writes the labels of a box, row by row. */
export function place(raster: Raster, box: Box, labels: Uint8Array): void {
  for (let row = 0; row < box.h; row++) {
    raster.data.set(labels.subarray(row * box.w, (row + 1) * box.w), (box.y + row) * raster.width + box.x);
  }
}

/** Share of the pixels that have a label, 0 to 1. */
export function labelledShare(raster: Raster): number {
  let n = 0;
  for (const id of raster.data) if (id !== UNLABELLED) n++;
  return raster.data.length ? n / raster.data.length : 0;
}

/** How many pixels each id has, 256 counts. */
export function countIds(data: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (const id of data) counts[id]++;
  return counts;
}

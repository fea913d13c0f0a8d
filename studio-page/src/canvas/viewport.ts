import type { Point } from "../painting/raster";

/** How the picture lies in its frame: a picture point p is drawn at `p * scale + (x, y)`, in CSS pixels. */
export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export const MAX_SCALE = 64;
const MARGIN_PX = 16;
const LEAST_VISIBLE_PX = 48;

/** The whole picture, as large as it fits, in the middle. */
export function fitted(frame: Extent, picture: Extent): View {
  const room = {
    width: Math.max(32, frame.width - 2 * MARGIN_PX),
    height: Math.max(32, frame.height - 2 * MARGIN_PX),
  };
  const scale = Math.min(MAX_SCALE, room.width / picture.width, room.height / picture.height);
  return centred(scale, frame, picture);
}

export function centred(scale: number, frame: Extent, picture: Extent): View {
  return {
    scale,
    x: (frame.width - picture.width * scale) / 2,
    y: (frame.height - picture.height * scale) / 2,
  };
}

/** Zoomed by a factor, the picture point under `anchor` (frame pixels) staying where it is. */
export function zoomed(view: View, factor: number, anchor: Point, frame: Extent, picture: Extent): View {
  const least = Math.min(1, fitted(frame, picture).scale) / 4;
  const scale = Math.min(MAX_SCALE, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return kept(
    { scale, x: anchor.x - (anchor.x - view.x) * ratio, y: anchor.y - (anchor.y - view.y) * ratio },
    frame,
    picture,
  );
}

export function panned(view: View, dx: number, dy: number, frame: Extent, picture: Extent): View {
  return kept({ ...view, x: view.x + dx, y: view.y + dy }, frame, picture);
}

/** Never pushed out of the frame altogether. */
export function kept(view: View, frame: Extent, picture: Extent): View {
  const between = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));
  return {
    scale: view.scale,
    x: between(view.x, LEAST_VISIBLE_PX - picture.width * view.scale, frame.width - LEAST_VISIBLE_PX),
    y: between(view.y, LEAST_VISIBLE_PX - picture.height * view.scale, frame.height - LEAST_VISIBLE_PX),
  };
}

/** Just far enough panned that a picture point is in sight. */
export function revealed(view: View, point: Point, frame: Extent): View {
  const shift = (value: number, length: number): number =>
    value < MARGIN_PX ? MARGIN_PX - value : value > length - MARGIN_PX ? length - MARGIN_PX - value : 0;
  const at = toFrame(view, point);
  return { ...view, x: view.x + shift(at.x, frame.width), y: view.y + shift(at.y, frame.height) };
}

export function toPicture(view: View, at: Point): Point {
  return { x: (at.x - view.x) / view.scale, y: (at.y - view.y) / view.scale };
}

export function toFrame(view: View, point: Point): Point {
  return { x: point.x * view.scale + view.x, y: point.y * view.scale + view.y };
}

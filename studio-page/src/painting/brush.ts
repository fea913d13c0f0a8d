import type { Point, Size } from "./raster";

/** Called for every pixel: its index, and whether it lies in the soft rim. */
export type Visit = (index: number, soft: boolean) => void;

/**
 * All pixels under a round brush that is drawn from one point to another.
 *
 * A pixel counts when its middle is within `diameter / 2` of the way. Ids are exact, so a rim cannot fade: hardness,
 * 0 to 1, is the share of the radius in which the brush paints over everything. The rim around it only fills pixels
 * that are still unlabelled, so soft brushes nestle against what is there.
 */
export function drawBrush(
  from: Point,
  to: Point,
  diameter: number,
  hardness: number,
  size: Size,
  visit: Visit,
): void {
  if (diameter <= 1.5) {
    drawThinLine(from, to, size, visit);
    return;
  }
  const radius = diameter / 2;
  const hard = radius * hardness;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const lengthSquared = dx * dx + dy * dy;
  const left = Math.max(0, Math.floor(Math.min(from.x, to.x) - radius));
  const right = Math.min(size.width - 1, Math.ceil(Math.max(from.x, to.x) + radius));
  const top = Math.max(0, Math.floor(Math.min(from.y, to.y) - radius));
  const bottom = Math.min(size.height - 1, Math.ceil(Math.max(from.y, to.y) + radius));
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const px = x + 0.5 - from.x;
      const py = y + 0.5 - from.y;
      const along = lengthSquared ? Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared)) : 0;
      const ex = px - along * dx;
      const ey = py - along * dy;
      const distanceSquared = ex * ex + ey * ey;
      if (distanceSquared <= radius * radius) {
        visit(y * size.width + x, distanceSquared > hard * hard && hardness < 1);
      }
    }
  }
}

/** The pixels of a line one pixel wide, without gaps (Bresenham 1965). */
export function drawThinLine(from: Point, to: Point, size: Size, visit: Visit): void {
  let x = Math.floor(from.x);
  let y = Math.floor(from.y);
  const endX = Math.floor(to.x);
  const endY = Math.floor(to.y);
  const dx = Math.abs(endX - x);
  const dy = -Math.abs(endY - y);
  const stepX = x < endX ? 1 : -1;
  const stepY = y < endY ? 1 : -1;
  let error = dx + dy;
  for (;;) {
    if (x >= 0 && y >= 0 && x < size.width && y < size.height) visit(y * size.width + x, false);
    if (x === endX && y === endY) return;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += stepX;
    }
    if (twice <= dx) {
      error += dx;
      y += stepY;
    }
  }
}

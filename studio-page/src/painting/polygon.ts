import type { Point, Size } from "./raster";

/** All pixels whose middles are inside a polygon, by the even-odd rule. */
export function fillPolygon(points: readonly Point[], size: Size, visit: (index: number) => void): void {
  if (points.length < 3) return;
  const ys = points.map((point) => point.y);
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const bottom = Math.min(size.height - 1, Math.ceil(Math.max(...ys)));
  for (let y = top; y <= bottom; y++) {
    const crossings = crossingsAt(points, y + 0.5);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const first = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const last = Math.min(size.width - 1, Math.ceil(crossings[i + 1] - 0.5) - 1);
      for (let x = first; x <= last; x++) visit(y * size.width + x);
    }
  }
}

function crossingsAt(points: readonly Point[], y: number): number[] {
  const crossings: number[] = [];
  for (let i = 0; i < points.length; i++) {
    const a = points[i];
    const b = points[(i + 1) % points.length];
    if (a.y <= y === b.y <= y) continue;
    crossings.push(a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x));
  }
  return crossings.sort((left, right) => left - right);
}

/** Where in the list a new point belongs so that it lies on the edge nearest to it. */
export function nearestEdge(points: readonly Point[], point: Point): { after: number; distance: number } {
  let best = { after: points.length - 1, distance: Infinity };
  for (let i = 0; i < points.length; i++) {
    const distance = distanceToSegment(point, points[i], points[(i + 1) % points.length]);
    if (distance < best.distance) best = { after: i, distance };
  }
  return best;
}

function distanceToSegment(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const along = length ? Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length)) : 0;
  return Math.hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

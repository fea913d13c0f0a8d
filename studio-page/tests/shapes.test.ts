import { describe, expect, it } from "vitest";
import { drawBrush, drawThinLine } from "../src/painting/brush";
import { colourMatcher, flood } from "../src/painting/flood";
import { fillPolygon, nearestEdge } from "../src/painting/polygon";
import type { Point } from "../src/painting/raster";
import { Superpixels } from "../src/painting/superpixels";

const SIZE = { width: 16, height: 16 };

/** What a tool visits, as rows of text. */
function drawn(draw: (visit: (index: number, soft?: boolean) => void) => void): string[] {
  const rows = Array.from({ length: SIZE.height }, () => new Array<string>(SIZE.width).fill("."));
  draw((index, soft) => {
    rows[Math.floor(index / SIZE.width)][index % SIZE.width] = soft ? "o" : "#";
  });
  return rows.map((row) => row.join(""));
}

function count(rows: string[], mark: string): number {
  return rows.join("").split(mark).length - 1;
}

describe("the brush", () => {
  it("paints all pixels whose middle is within its radius, as the naive way does", () => {
    const at = { x: 8.2, y: 7.7 };
    const rows = drawn((visit) => drawBrush(at, at, 7, 1, SIZE, visit));
    const naive = drawn((visit) => {
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++) {
          if (Math.hypot(x + 0.5 - at.x, y + 0.5 - at.y) <= 3.5) visit(y * 16 + x);
        }
    });
    expect(rows).toEqual(naive);
  });

  it("paints the way between two points without gaps", () => {
    const from = { x: 2, y: 2 };
    const to = { x: 13, y: 10 };
    const rows = drawn((visit) => drawBrush(from, to, 4, 1, SIZE, visit));
    for (let t = 0; t <= 1; t += 0.05) {
      const x = Math.floor(from.x + t * (to.x - from.x));
      const y = Math.floor(from.y + t * (to.y - from.y));
      expect(rows[y][x]).toBe("#");
    }
  });

  it("has a soft rim where it is not all hard, and none where it is", () => {
    const at = { x: 8, y: 8 };
    const soft = drawn((visit) => drawBrush(at, at, 10, 0.5, SIZE, visit));
    expect(count(soft, "#")).toBeGreaterThan(0);
    expect(count(soft, "o")).toBeGreaterThan(count(soft, "#"));
    const hard = drawn((visit) => drawBrush(at, at, 10, 1, SIZE, visit));
    expect(count(hard, "o")).toBe(0);
    expect(count(hard, "#")).toBe(count(soft, "#") + count(soft, "o"));
  });

  it("of one pixel paints the pixel that it touches, and lines without gaps", () => {
    expect(
      count(
        drawn((visit) => drawBrush({ x: 3.9, y: 3.1 }, { x: 3.9, y: 3.1 }, 1, 1, SIZE, visit)),
        "#",
      ),
    ).toBe(1);
    const rows = drawn((visit) => drawThinLine({ x: 1, y: 1 }, { x: 12, y: 6 }, SIZE, visit));
    expect(count(rows, "#")).toBe(12);
  });

  it("stays within the picture", () => {
    const visited: number[] = [];
    drawBrush({ x: -5, y: 3 }, { x: 30, y: 40 }, 9, 0.7, SIZE, (index) => visited.push(index));
    drawThinLine({ x: -5, y: -3 }, { x: 30, y: 40 }, SIZE, (index) => visited.push(index));
    expect(visited.every((index) => index >= 0 && index < 256)).toBe(true);
  });
});

describe("polygons", () => {
  it("fill the pixels whose middles they hold", () => {
    const square: Point[] = [
      { x: 2, y: 3 },
      { x: 6, y: 3 },
      { x: 6, y: 5 },
      { x: 2, y: 5 },
    ];
    const rows = drawn((visit) => fillPolygon(square, SIZE, visit));
    expect(count(rows, "#")).toBe(8);
    expect(rows[3]).toBe("..####..........");
  });

  it("agree with the naive test of every middle, also for crossing outlines", () => {
    const points: Point[] = [
      { x: 1.3, y: 1.1 },
      { x: 14.2, y: 12.8 },
      { x: 13.1, y: 2.4 },
      { x: 2.2, y: 13.6 },
      { x: 7.7, y: -3 },
    ];
    const rows = drawn((visit) => fillPolygon(points, SIZE, visit));
    const naive = drawn((visit) => {
      for (let y = 0; y < 16; y++)
        for (let x = 0; x < 16; x++) if (holds(points, x + 0.5, y + 0.5)) visit(y * 16 + x);
    });
    expect(rows).toEqual(naive);
  });

  it("need three corners", () => {
    expect(
      count(
        drawn((visit) =>
          fillPolygon(
            [
              { x: 0, y: 0 },
              { x: 9, y: 9 },
            ],
            SIZE,
            visit,
          ),
        ),
        "#",
      ),
    ).toBe(0);
  });

  it("know the edge that is nearest to a point", () => {
    const square: Point[] = [
      { x: 0, y: 0 },
      { x: 8, y: 0 },
      { x: 8, y: 8 },
      { x: 0, y: 8 },
    ];
    expect(nearestEdge(square, { x: 7, y: 4 })).toEqual({ after: 1, distance: 1 });
    expect(nearestEdge(square, { x: 1, y: 4 }).after).toBe(3);
  });
});

function holds(points: Point[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0; i < points.length; i++) {
    const a = points[i];
    const b = points[(i + 1) % points.length];
    if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

describe("flood fill", () => {
  const maze = [
    "................",
    "..####..........",
    "..#..#....##....",
    "..#..######.....",
    "..#...............".slice(0, 16),
    "..####..........",
    ...new Array<string>(10).fill("................"),
  ];
  const open = (index: number): boolean => maze[Math.floor(index / 16)][index % 16] === ".";

  it("reaches all that is connected, as the naive way does, each pixel once", () => {
    for (const [x, y] of [
      [0, 0],
      [3, 2],
      [3, 4],
    ]) {
      const found: number[] = [];
      flood(SIZE, x, y, open, (index) => found.push(index));
      expect(new Set(found).size).toBe(found.length);
      expect(new Set(found)).toEqual(naiveFlood(x, y, open));
    }
  });

  it("does nothing outside, or where the start does not match", () => {
    const found: number[] = [];
    flood(SIZE, -1, 0, open, (index) => found.push(index));
    flood(SIZE, 2, 1, open, (index) => found.push(index));
    expect(found).toEqual([]);
  });

  it("matches colours within a tolerance of each channel", () => {
    const rgba = new Uint8ClampedArray([10, 20, 30, 255, 14, 16, 30, 255, 15, 20, 30, 255]);
    const matches = colourMatcher(rgba, 0, 4);
    expect([0, 1, 2].map(matches)).toEqual([true, true, false]);
  });
});

function naiveFlood(x: number, y: number, open: (index: number) => boolean): Set<number> {
  const found = new Set<number>();
  const visit = (px: number, py: number): void => {
    const index = py * 16 + px;
    if (px < 0 || py < 0 || px > 15 || py > 15 || found.has(index) || !open(index)) return;
    found.add(index);
    visit(px + 1, py);
    visit(px - 1, py);
    visit(px, py + 1);
    visit(px, py - 1);
  };
  visit(x, y);
  return found;
}

describe("superpixels", () => {
  const ids = new Uint16Array([0, 0, 1, 1, 0, 2, 2, 1, 3, 2, 2, 1, 3, 3, 3, 3]);
  const cells = new Superpixels(ids, { width: 4, height: 4 });
  const wide = new Superpixels(ids, { width: 8, height: 2 });

  it("are found by place", () => {
    expect(cells.at(0.3, 0.3)).toBe(2);
    expect(cells.at(0.99, 0)).toBe(1);
    expect(cells.at(-0.1, 0.5)).toBe(-1);
    expect(cells.at(1, 0.5)).toBe(-1);
    expect(wide.at(0.99, 0)).toBe(1);
    expect(wide.at(0.1, 0.6)).toBe(3);
  });

  it("cover every pixel of the picture once, as the nearest cell says", () => {
    for (const [map, width, height] of [
      [cells, 4, 4],
      [cells, 7, 7],
      [cells, 16, 3],
      [wide, 3, 5],
      [wide, 30, 9],
    ] as const) {
      const owner = new Int32Array(width * height).fill(-1);
      for (const id of [0, 1, 2, 3]) {
        map.visitPixels(id, width, height, (index) => {
          expect(owner[index]).toBe(-1);
          owner[index] = id;
        });
      }
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          expect(owner[y * width + x]).toBe(map.at((x + 1e-9) / width, (y + 1e-9) / height));
        }
    }
  });
});

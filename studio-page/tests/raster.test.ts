import { describe, expect, it } from "vitest";
import {
  clip,
  countIds,
  cut,
  indexBelow,
  labelledShare,
  place,
  union,
  unlabelled,
} from "../src/painting/raster";

describe("boxes", () => {
  it("unite to the smallest box around both", () => {
    expect(union({ x: 1, y: 2, w: 3, h: 4 }, { x: 0, y: 5, w: 1, h: 9 })).toEqual({
      x: 0,
      y: 2,
      w: 4,
      h: 12,
    });
    expect(union(null, { x: 1, y: 1, w: 1, h: 1 })).toEqual({ x: 1, y: 1, w: 1, h: 1 });
    expect(union(null, null)).toBeNull();
  });

  it("are clipped to the raster, also with a margin", () => {
    const raster = { width: 8, height: 8 };
    expect(clip({ x: -2, y: 6, w: 5, h: 5 }, raster)).toEqual({ x: 0, y: 6, w: 3, h: 2 });
    expect(clip({ x: 3, y: 3, w: 1, h: 1 }, raster, 1)).toEqual({ x: 2, y: 2, w: 3, h: 3 });
    expect(clip({ x: 9, y: 0, w: 2, h: 2 }, raster)).toBeNull();
  });
});

describe("maps that are stretched over a picture", () => {
  it("have one cell below every pixel", () => {
    const map = { width: 3, height: 2 };
    const below = [0, 1, 2, 3].map((y) =>
      [0, 2, 4, 5].map((x) => indexBelow(map, { width: 6, height: 4 }, x, y)),
    );
    expect(below).toEqual([
      [0, 1, 2, 2],
      [0, 1, 2, 2],
      [3, 4, 5, 5],
      [3, 4, 5, 5],
    ]);
  });
});

describe("label maps", () => {
  it("begin unlabelled", () => {
    const raster = unlabelled(3, 2);
    expect([...raster.data]).toEqual([255, 255, 255, 255, 255, 255]);
    expect(labelledShare(raster)).toBe(0);
  });

  it("give back what was placed", () => {
    const raster = unlabelled(4, 4);
    const box = { x: 1, y: 2, w: 2, h: 2 };
    place(raster, box, new Uint8Array([1, 2, 3, 4]));
    expect([...cut(raster, box)]).toEqual([1, 2, 3, 4]);
    expect(raster.data[2 * 4 + 1]).toBe(1);
    expect(labelledShare(raster)).toBe(0.25);
    expect(countIds(raster.data)[255]).toBe(12);
  });
});

import { describe, expect, it } from "vitest";
import { heatColour, heatTable } from "../src/colour/heat";
import {
  fromHex,
  inkOn,
  packed,
  paintColours,
  paletteOf,
  relativeLuminance,
  toHex,
} from "../src/colour/palette";
import { applyTable } from "../src/painting/tables";
import { unlabelled } from "../src/painting/raster";

describe("palettes", () => {
  const palette = paletteOf(
    [
      [10, 20, 30],
      [200, 100, 0],
    ],
    (id) => id === 0,
    128,
    255,
  );

  it("make unlabelled pixels and hidden parts clear", () => {
    expect(palette.inner[255]).toBe(0);
    expect(palette.inner[0]).toBe(0);
    expect(palette.inner[1]).toBe(packed(200, 100, 0, 128));
  });

  it("colour a box and one pixel around it, edges opaque", () => {
    const raster = unlabelled(5, 5);
    raster.data.fill(1, 5, 20);
    const out = new Uint32Array(25);
    expect(paintColours(raster, { x: 2, y: 2, w: 1, h: 1 }, palette, out)).toEqual({
      x: 1,
      y: 1,
      w: 3,
      h: 3,
    });
    expect(out[12]).toBe(palette.inner[1]);
    expect(out[7]).toBe(palette.edge[1]);
    expect(out[0]).toBe(0);
  });

  it("read and write colours as the browser does", () => {
    expect(toHex([250, 5, 75])).toBe("#fa054b");
    expect(fromHex("#fa054b")).toEqual([250, 5, 75]);
  });

  it("know which ink reads better", () => {
    expect(inkOn([255, 255, 255])).toBe("dark");
    expect(inkOn([45, 40, 195])).toBe("light");
  });
});

describe("doubt", () => {
  it("only gets lighter, so that its order is seen without colours", () => {
    const luminances = Array.from({ length: 64 }, (_, i) => relativeLuminance(heatColour(i / 63)));
    luminances.slice(1).forEach((value, i) => expect(value).toBeGreaterThan(luminances[i]));
  });

  it("is clear where the segmenter is sure", () => {
    const table = heatTable();
    expect(table[0] >>> 24).toBe(0);
    expect(table[255] >>> 24).toBe(235);
  });
});

describe("tables", () => {
  it("translate ids in place", () => {
    const table = Uint8Array.from({ length: 256 }, (_, id) => id);
    table[2] = 255;
    const labels = new Uint8Array([1, 2, 255]);
    applyTable(labels, table);
    expect([...labels]).toEqual([1, 255, 255]);
  });
});

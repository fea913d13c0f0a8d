import { describe, expect, it } from "vitest";
import { UNLABELLED, unlabelled, type Raster } from "../src/painting/raster";
import { Stroke, scratchFor, type StrokeRules } from "../src/painting/stroke";

function painting(rules: Partial<StrokeRules> & { id: number }, data?: number[]) {
  const raster: Raster = unlabelled(4, 4);
  if (data) raster.data.set(data);
  const scratch = scratchFor(raster);
  const stroke = new Stroke(raster, { locked: new Uint8Array(256), ...rules }, scratch);
  return { raster, scratch, stroke };
}

describe("a stroke", () => {
  it("changes the label map at once, and tells the changed box with what was there before", () => {
    const { raster, stroke } = painting({ id: 3 });
    stroke.paint(5);
    stroke.paint(10);
    expect(raster.data[5]).toBe(3);
    expect(stroke.finish()).toEqual({
      box: { x: 1, y: 1, w: 2, h: 2 },
      labels: new Uint8Array([3, 255, 255, 3]),
      before: new Uint8Array([255, 255, 255, 255]),
    });
  });

  it("is none where it changed nothing", () => {
    const { stroke } = painting({ id: 3 }, new Array(16).fill(3));
    stroke.paint(0);
    expect(stroke.finish()).toBeNull();
  });

  it("tells only what changed, not all that it touched", () => {
    const { stroke } = painting({ id: 3 }, [3, 3, 3, 3]);
    for (let i = 0; i < 8; i++) stroke.paint(i);
    expect(stroke.finish()?.box).toEqual({ x: 0, y: 1, w: 4, h: 1 });
  });

  it("leaves locked parts alone, also when it erases", () => {
    const locked = new Uint8Array(256);
    locked[2] = 1;
    for (const id of [1, UNLABELLED]) {
      const { raster, stroke } = painting({ id, locked }, [2, 4]);
      stroke.paint(0);
      stroke.paint(1);
      expect([...raster.data.subarray(0, 2)]).toEqual([2, id]);
    }
  });

  it("fills with its rim only what was unlabelled before it", () => {
    const { raster, stroke } = painting({ id: 1 }, [2, 255]);
    stroke.paint(0, true);
    stroke.paint(1, true);
    expect([...raster.data.subarray(0, 2)]).toEqual([2, 1]);
    stroke.paint(0);
    expect(raster.data[0]).toBe(1);
  });

  it("erases with its rim only the chosen part", () => {
    const { raster, stroke } = painting({ id: UNLABELLED, softTarget: 2 }, [2, 3]);
    stroke.paint(0, true);
    stroke.paint(1, true);
    expect([...raster.data.subarray(0, 2)]).toEqual([UNLABELLED, 3]);
  });

  it("can keep to what is unlabelled", () => {
    const { raster, stroke } = painting({ id: 1, onlyUnlabelled: true }, [2, 255]);
    stroke.paint(0);
    stroke.paint(1);
    expect([...raster.data.subarray(0, 2)]).toEqual([2, 1]);
  });

  it("can be dropped, and leaves nothing behind for the next one", () => {
    const { raster, scratch, stroke } = painting({ id: 1 }, [2, 255]);
    stroke.paint(0);
    stroke.paint(1);
    expect(stroke.cancel()).toEqual({ x: 0, y: 0, w: 2, h: 1 });
    expect([...raster.data.subarray(0, 2)]).toEqual([2, 255]);
    expect(scratch.touched.every((value) => value === 0)).toBe(true);
  });

  it("tells what is fresh once", () => {
    const { stroke } = painting({ id: 1 });
    stroke.paint(0);
    expect(stroke.takeFresh()).toEqual({ x: 0, y: 0, w: 1, h: 1 });
    expect(stroke.takeFresh()).toBeNull();
    stroke.paint(0);
    expect(stroke.takeFresh()).toBeNull();
  });
});

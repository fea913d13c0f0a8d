import { describe, expect, it } from "vitest";
import type { PartQuality, Quality } from "../src/server/types";
import { figuresNote, figureText } from "../src/studio/quality";

const part = (measure: PartQuality["measure"], iou: number | null): PartQuality => ({
  part: "ear",
  measure,
  iou,
  says: "",
});
const of = (...parts: PartQuality[]): Quality => ({ n_labelled: 2, parts, worst: null });

describe("figures of parts", () => {
  it("are per cent, and say when they are no IoU", () => {
    expect(figureText(part("left out", 0.426))).toBe("43");
    expect(figureText(part("two halves", 0.426))).toBe("~43");
    expect(figureText(part("nothing", null))).toBe("–");
  });

  it("are explained as far as they are there", () => {
    const leftOut = part("left out", 0.4);
    const halves = part("two halves", 0.8);
    expect(figuresNote(of(leftOut), "photo")).toMatch(/^IoU in %: each painted photo/);
    expect(figuresNote(of(leftOut), "photo")).not.toContain("~");
    expect(figuresNote(of(leftOut, halves), "photo")).toMatch(
      /^IoU in %.* ~ Painted on one photo only: how far/,
    );
    expect(figuresNote(of(halves), "photo")).toMatch(/^~ In %, how far two halves .* no IoU\.$/);
    expect(figuresNote(of(part("nothing", null)), "photo")).toBe("");
  });
});

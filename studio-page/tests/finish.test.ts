import { describe, expect, it } from "vitest";
import { distilText } from "../src/finish/before";
import { figure, frameOf, roundStep } from "../src/finish/curves";
import { changed, spelt } from "../src/finish/form";
import { duration } from "../src/finish/job_view";
import { partners } from "../src/finish/network";
import type { FormField } from "../src/server/types";
import { averageMirrored, bestParts, inSquare, mirrored, scaledTo } from "../src/finish/square";

describe("how much distil does", () => {
  it("is what the project says", () => {
    const amount = {
      says: "as project.toml says",
      n_pictures: 500,
      n_steps: 600,
      size_px: 128,
      second_round: 0,
    };
    expect(distilText("usual", amount)).toBe(
      "500 pictures, 600 steps at 128 px: as project.toml says. Some minutes on two processor cores.",
    );
    expect(distilText("usual", amount, true)).toContain(" photos at most, ");
    expect(distilText("quick", { ...amount, second_round: 1 })).toBe(
      "500 pictures, 600 steps at 128 px and a second round: as project.toml says.",
    );
  });
});

describe("a form that the server describes", () => {
  const field = (name: string, value: FormField["value"]): FormField => ({
    name,
    kind: "int",
    help: "",
    range: "",
    choices: [],
    least: null,
    most: null,
    value,
  });

  it("says what was changed, and nothing else", () => {
    const fields = [field("n_moons", 2), field("seed", 0), field("methods", ["ridge"]), field("width", null)];
    expect(changed(fields, [3, 0, ["ridge"], null])).toEqual({ n_moons: 3 });
    expect(changed(fields, [null, 1, ["ridge", "kernel"], 2])).toEqual({
      seed: 1,
      methods: ["ridge", "kernel"],
      width: 2,
    });
  });

  it("spells names out", () => {
    expect(["n_self_training", "size_px", "effort"].map(spelt)).toEqual(["Self training", "Size", "Effort"]);
  });
});

describe("photos in squares", () => {
  it("are scaled so that the longer side fits", () => {
    expect(scaledTo(192, 4000, 3000)).toEqual({ width: 192, height: 144 });
    expect(scaledTo(64, 1, 1000)).toEqual({ width: 1, height: 64 });
  });

  it("lie in the middle, their edges repeated", () => {
    const rgba = new Uint8ClampedArray([1, 1, 1, 255, 2, 2, 2, 255, 3, 3, 3, 255, 4, 4, 4, 255]);
    const { square, top, left } = inSquare(rgba, 4, 1, 4);
    expect([top, left]).toEqual([1, 0]);
    expect([...square].filter((_, i) => i % 3 === 0)).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4,
    ]);
    expect([...mirrored(square, 4)].filter((_, i) => i % 3 === 0).slice(0, 4)).toEqual([4, 3, 2, 1]);
  });

  it("are averaged with their mirror, left and right parts exchanged", () => {
    const logits = new Float32Array([1, 2, 1, 2, 10, 20, 10, 20]);
    const mirror = new Float32Array([30, 40, 30, 40, 3, 4, 3, 4]);
    expect([...averageMirrored(logits, mirror, 2, 2, [1, 0])]).toEqual([2.5, 2.5, 2.5, 2.5, 25, 25, 25, 25]);
  });

  it("get the best part of every pixel, upsampled bilinearly", () => {
    const size = 4;
    const logits = new Float32Array(2 * size * size);
    for (let i = 0; i < size * size; i++) {
      logits[i] = 1.5;
      logits[size * size + i] = i % size; // the second part wins on the right
    }
    const parts = bestParts(logits, 2, size, { top: 0, left: 0, width: size, height: size }, 8, 8);
    expect([...parts.subarray(0, 8)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    const middle = bestParts(logits, 2, size, { top: 1, left: 2, width: 2, height: 2 }, 2, 2);
    expect([...middle]).toEqual([1, 1, 1, 1]);
  });
});

describe("charts", () => {
  it("have round figures", () => {
    expect(roundStep(0.031)).toBeCloseTo(0.05);
    expect(roundStep(7)).toBe(10);
    const frame = frameOf([
      [0, 0.12],
      [100, 0.93],
    ]);
    expect(frame.y0).toBe(0);
    expect(frame.y1).toBe(1);
    expect(frame.ticks.map(figure)).toEqual(["0", "0.5", "1"]);
  });

  it("stand a single point", () => {
    const frame = frameOf([[5, 2]]);
    expect(frame.x1).toBeGreaterThan(frame.x0);
    expect(frame.y1).toBeGreaterThan(frame.y0);
  });
});

describe("words", () => {
  it("of times", () => {
    expect([3, 42, 70, 3600, 4900].map(duration)).toEqual(["5 s", "40 s", "1 min", "1 h", "1 h 22 min"]);
  });

  it("of mirrored parts", () => {
    const part = (name: string, mirror: string | null) => ({ name, colour: [0, 0, 0] as const, mirror });
    expect(
      partners([part("background", null), part("left eye", "right eye"), part("right eye", "left eye")]),
    ).toEqual([0, 2, 1]);
  });
});

import { describe, expect, it } from "vitest";
import { fitted, panned, revealed, toFrame, toPicture, zoomed } from "../src/canvas/viewport";
import { BINDINGS, commandFor, keyCaption, keyName, partOf } from "../src/keyboard/keymap";
import { movedNames } from "../src/studio/parts";
import { trayOrder } from "../src/studio/pictures";
import type { Picture } from "../src/server/types";

const FRAME = { width: 600, height: 400 };
const PICTURE = { width: 1024, height: 1024 };

describe("the view", () => {
  it("fits the whole picture into the middle", () => {
    const view = fitted(FRAME, PICTURE);
    expect(view.scale).toBeCloseTo(368 / 1024);
    expect(toFrame(view, { x: 512, y: 512 })).toEqual({ x: 300, y: 200 });
  });

  it("zooms about a place that stays where it is", () => {
    const view = fitted(FRAME, PICTURE);
    const anchor = { x: 250, y: 120 };
    const before = toPicture(view, anchor);
    const after = toPicture(zoomed(view, 3, anchor, FRAME, PICTURE), anchor);
    expect(after.x).toBeCloseTo(before.x);
    expect(after.y).toBeCloseTo(before.y);
  });

  it("has ends to its zoom, and never loses the picture", () => {
    const view = fitted(FRAME, PICTURE);
    expect(zoomed(view, 1e6, { x: 0, y: 0 }, FRAME, PICTURE).scale).toBe(64);
    expect(zoomed(view, 1e-6, { x: 0, y: 0 }, FRAME, PICTURE).scale).toBeCloseTo(view.scale / 4);
    expect(panned(view, 1e5, -1e5, FRAME, PICTURE).x).toBe(552);
  });

  it("moves just so far that a place is in sight", () => {
    const view = { scale: 2, x: 0, y: 0 };
    expect(revealed(view, { x: 100, y: 100 }, FRAME)).toEqual(view);
    expect(toFrame(revealed(view, { x: 400, y: 0 }, FRAME), { x: 400, y: 0 })).toEqual({ x: 584, y: 16 });
  });
});

describe("keys", () => {
  it("mean one thing each", () => {
    const keys = BINDINGS.flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("are found by what is pressed", () => {
    expect(commandFor({ key: "B", ctrl: false, shift: false })).toBe("tool.brush");
    expect(commandFor({ key: "z", ctrl: true, shift: false })).toBe("undo");
    expect(commandFor({ key: "Z", ctrl: true, shift: true })).toBe("redo");
    expect(commandFor({ key: "?", ctrl: false, shift: true })).toBe("help");
    expect(commandFor({ key: "q", ctrl: false, shift: false })).toBeNull();
    expect(commandFor({ key: "b", ctrl: true, shift: false })).toBeNull();
  });

  it("choose parts by digits", () => {
    expect(partOf({ key: "7", ctrl: false, shift: false })).toBe(7);
    expect(partOf({ key: "7", ctrl: true, shift: false })).toBeNull();
    expect(partOf({ key: "x", ctrl: false, shift: false })).toBeNull();
  });

  it("have captions", () => {
    expect(keyCaption("Ctrl+Shift+z")).toBe("Ctrl Shift Z");
    expect(keyCaption("+")).toBe("+");
    expect(keyCaption("pagedown")).toBe("Page ↓");
    expect(keyName({ key: "PageDown", ctrl: false, shift: false })).toBe("pagedown");
  });
});

describe("orders", () => {
  const picture = (id: string, more: Partial<Picture> = {}): Picture => ({
    id,
    name: `${id}.jpg`,
    width_px: 600,
    height_px: 400,
    status: "new",
    pinned: false,
    skipped: false,
    reason: "unsure",
    score: null,
    labelled_share: 0,
    n_parts_labelled: 0,
    ...more,
  });

  it("of the tray: pinned first, skipped not at all", () => {
    const pictures = [
      picture("p10", { score: 0.2 }),
      picture("p2", { score: 0.9, labelled_share: 0.5 }),
      picture("p3", { pinned: true }),
      picture("p4", { skipped: true }),
    ];
    const ids = (sort: Parameters<typeof trayOrder>[1]): string[] =>
      trayOrder(pictures, sort).map(({ id }) => id);
    expect(ids("proposed")).toEqual(["p3", "p10", "p2"]);
    expect(ids("unsure")).toEqual(["p3", "p2", "p10"]);
    expect(ids("painted")).toEqual(["p3", "p10", "p2"]);
    expect(ids("name")).toEqual(["p3", "p2", "p10"]);
  });

  it("of parts: the background stays first", () => {
    const parts = ["background", "a", "b", "c"].map((name) => ({
      name,
      colour: [0, 0, 0] as const,
      mirror: null,
    }));
    expect(movedNames(parts, "c", 1)).toEqual(["background", "c", "a", "b"]);
    expect(movedNames(parts, "a", 9)).toEqual(["background", "b", "c", "a"]);
    expect(movedNames(parts, "b", 0)).toEqual(["background", "b", "a", "c"]);
    expect(movedNames(parts, "background", 2)).toEqual(["background", "a", "b", "c"]);
  });
});

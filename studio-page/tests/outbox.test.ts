import { describe, expect, it } from "vitest";
import { Outbox, type Kept, type Outcome, type StrokeItem } from "../src/server/outbox";

function stroke(picture = "a"): StrokeItem {
  return {
    picture,
    box: { x: 0, y: 0, w: 1, h: 1 },
    labels: new Uint8Array([1]),
    before: new Uint8Array([255]),
    partsVersion: 0,
  };
}

/** An outbox whose server and clock are in the test's hands. */
function setUp(answer: (item: Kept, again: boolean) => Outcome = () => ({ kind: "saved" })) {
  const sent: { key: number; again: boolean }[] = [];
  const kept = new Map<number, Kept>();
  const timers: (() => void)[] = [];
  const pauses: number[] = [];
  const refused: string[] = [];
  const outbox = new Outbox({
    send: async (item, again) => {
      sent.push({ key: item.key, again });
      return answer(item, again);
    },
    keeper: {
      add: async (item) => void kept.set(item.key, item),
      remove: async (key) => void kept.delete(key),
    },
    onChange: () => undefined,
    onRefused: (_, reason) => refused.push(reason),
    later: (callback, ms) => {
      timers.push(callback);
      pauses.push(ms);
    },
  });
  return { outbox, sent, kept, timers, pauses, refused };
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe("the outbox", () => {
  it("sends strokes one by one, in order, and keeps them until they are saved", async () => {
    const { outbox, sent, kept } = setUp();
    outbox.add(stroke());
    outbox.add(stroke());
    outbox.add(stroke("b"));
    expect(kept.size).toBe(3);
    expect(outbox.state).toEqual({ waiting: 3, stalled: false });
    expect(await outbox.settled()).toBe(true);
    expect(sent.map(({ key }) => key)).toEqual([1, 2, 3]);
    expect(kept.size).toBe(0);
  });

  it("waits longer and longer while nobody answers, and loses nothing", async () => {
    let isThere = false;
    const { outbox, sent, kept, timers, pauses } = setUp(() => ({ kind: isThere ? "saved" : "unreachable" }));
    outbox.add(stroke());
    outbox.add(stroke());
    expect(await outbox.settled()).toBe(false);
    timers[0]();
    await settle();
    expect(pauses).toEqual([400, 800]);
    expect(outbox.state).toEqual({ waiting: 2, stalled: true });
    isThere = true;
    outbox.resume();
    expect(await outbox.settled()).toBe(true);
    expect(sent).toEqual([
      { key: 1, again: false },
      { key: 1, again: true },
      { key: 1, again: true },
      { key: 2, again: false },
    ]);
    expect(kept.size).toBe(0);
  });

  it("does not let an old timer disturb after it was resumed", async () => {
    let isThere = false;
    const { outbox, sent, timers } = setUp(() => ({ kind: isThere ? "saved" : "unreachable" }));
    outbox.add(stroke());
    await settle();
    isThere = true;
    outbox.resume();
    await settle();
    timers[0]();
    await settle();
    expect(sent.length).toBe(2);
  });

  it("drops what is refused, says why, and goes on", async () => {
    const { outbox, refused, kept } = setUp((item) =>
      item.key === 1 ? { kind: "refused", reason: "no" } : { kind: "saved" },
    );
    outbox.add(stroke());
    outbox.add(stroke());
    expect(await outbox.settled()).toBe(true);
    expect(refused).toEqual(["no"]);
    expect(kept.size).toBe(0);
  });

  it("keeps back what another tab's picture gets, until that is taken over; others go on", async () => {
    let isHeld = true;
    const { outbox, sent, kept } = setUp((item) => ({
      kind: isHeld && item.picture === "a" ? "held" : "saved",
    }));
    outbox.add(stroke("a"));
    outbox.add(stroke("a"));
    outbox.add(stroke("b"));
    expect(await outbox.settled()).toBe(true);
    expect(sent.map(({ key }) => key)).toEqual([1, 3]);
    expect(kept.size).toBe(2);
    expect(outbox.unsaved("a").map(({ key }) => key)).toEqual([1, 2]);
    isHeld = false;
    outbox.unpark("a");
    await settle();
    expect(sent.map(({ key }) => key)).toEqual([1, 3, 1, 2]);
    expect(kept.size).toBe(0);
  });

  it("takes back the last stroke of a picture while it waits, but not one that may have arrived", async () => {
    const { outbox, kept } = setUp(() => ({ kind: "unreachable" }));
    outbox.add(stroke("a"));
    await settle();
    outbox.add(stroke("a"));
    outbox.add(stroke("b"));
    expect(outbox.takeBack("a")?.key).toBe(2);
    expect(outbox.takeBack("a")).toBeNull();
    expect([...kept.keys()]).toEqual([1, 3]);
  });

  it("sends what an earlier page left behind first, and numbers new strokes after it", async () => {
    const { outbox, sent } = setUp();
    outbox.adopt([
      { ...stroke(), key: 4 },
      { ...stroke(), key: 5 },
    ]);
    outbox.add(stroke());
    await outbox.settled();
    expect(sent.map(({ key }) => key)).toEqual([4, 5, 6]);
  });
});

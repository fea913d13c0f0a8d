import type { Box } from "../painting/raster";

/** A stroke that the server has to save: the changed box with its new labels. */
export interface StrokeItem {
  readonly picture: string;
  readonly box: Box;
  readonly labels: Uint8Array<ArrayBuffer>;
  /** What was there before, to take it back while it is not sent. */
  readonly before: Uint8Array<ArrayBuffer>;
  /** Version of the part set whose ids the labels are; the server translates older ones. */
  readonly partsVersion: number;
}

export interface Kept extends StrokeItem {
  readonly key: number;
}

/** Where strokes are kept until the server has them, so that they outlive the page. */
export interface Keeper {
  add(item: Kept): Promise<void>;
  remove(key: number): Promise<void>;
}

/** How a stroke was received: saved, refused for good, kept back as another tab has the picture, or nobody was there. */
export type Outcome =
  { kind: "saved" } | { kind: "refused"; reason: string } | { kind: "held" } | { kind: "unreachable" };

export interface OutboxState {
  /** Strokes that are not saved yet. */
  readonly waiting: number;
  /** Whether the server did not answer when it was tried last. */
  readonly stalled: boolean;
}

export interface OutboxOptions {
  /** `again`: whether it was tried before, so that the server may have it although its answer was lost. */
  readonly send: (item: Kept, again: boolean) => Promise<Outcome>;
  readonly keeper: Keeper;
  readonly onChange: (state: OutboxState) => void;
  readonly onRefused: (item: Kept, reason: string) => void;
  /** Calls back after some milliseconds. */
  readonly later: (callback: () => void, ms: number) => void;
}

const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 5000;

/** Sends strokes one by one, in the order in which they were painted, for as long as it takes. */
export class Outbox {
  private items: Kept[] = [];
  private nextKey: number;
  private sending = false;
  private tried: number | null = null;
  private pauseMs = FIRST_PAUSE_MS;
  private stalled = false;
  private timer = 0;
  private parked: Kept[] = [];
  private waiters: ((isEmpty: boolean) => void)[] = [];

  constructor(
    private readonly options: OutboxOptions,
    firstKey = 1,
  ) {
    this.nextKey = firstKey;
  }

  get state(): OutboxState {
    return { waiting: this.items.length, stalled: this.stalled };
  }

  add(item: StrokeItem): void {
    const kept = { ...item, key: this.nextKey++ };
    this.items.push(kept);
    void this.options.keeper.add(kept);
    this.changed();
    void this.pump();
  }

  /** Takes in strokes that an earlier page left behind; they go first. */
  adopt(items: readonly Kept[]): void {
    this.items = [...items, ...this.items];
    for (const item of items) this.nextKey = Math.max(this.nextKey, item.key + 1);
    this.changed();
    void this.pump();
  }

  /** The last stroke on a picture, taken out again; null when none waits, or it may be with the server already. */
  takeBack(picture: string): Kept | null {
    const place = this.items.findLastIndex((item) => item.picture === picture);
    if (place < 0 || (place === 0 && (this.sending || this.items[0].key === this.tried))) return null;
    const [item] = this.items.splice(place, 1);
    void this.options.keeper.remove(item.key);
    this.changed();
    return item;
  }

  /** Strokes of a picture that are not saved yet, oldest first. */
  unsaved(picture: string): readonly Kept[] {
    return [...this.parked, ...this.items].filter((item) => item.picture === picture);
  }

  /** Resolves when everything is saved (true), or the server is found not to answer (false). */
  settled(): Promise<boolean> {
    if (this.items.length === 0) return Promise.resolve(true);
    return this.stalled ? Promise.resolve(false) : new Promise((resolve) => this.waiters.push(resolve));
  }

  /** Sends what was kept back while another tab had this picture. */
  unpark(picture: string): void {
    const back = this.parked.filter((item) => item.picture === picture);
    this.parked = this.parked.filter((item) => item.picture !== picture);
    this.items = [...back, ...this.items];
    this.changed();
    void this.pump();
  }

  /** Tries at once instead of after the pause: the server is back. */
  resume(): void {
    this.timer++;
    this.stalled = false;
    this.pauseMs = FIRST_PAUSE_MS;
    void this.pump();
  }

  private async pump(): Promise<void> {
    if (this.sending || this.stalled) return;
    this.sending = true;
    while (this.items.length > 0 && !this.stalled) await this.sendFirst();
    this.sending = false;
    this.changed();
  }

  private async sendFirst(): Promise<void> {
    const item = this.items[0];
    const again = this.tried === item.key;
    this.tried = item.key;
    const outcome = await this.options.send(item, again);
    if (outcome.kind === "unreachable") {
      this.stall();
      return;
    }
    this.tried = null;
    this.pauseMs = FIRST_PAUSE_MS;
    if (outcome.kind === "held") {
      this.park(item.picture);
      return;
    }
    this.items.shift();
    void this.options.keeper.remove(item.key);
    if (outcome.kind === "refused") this.options.onRefused(item, outcome.reason);
    this.changed();
  }

  private park(picture: string): void {
    this.parked.push(...this.items.filter((item) => item.picture === picture));
    this.items = this.items.filter((item) => item.picture !== picture);
    this.changed();
  }

  private stall(): void {
    this.stalled = true;
    const mine = ++this.timer;
    this.options.later(() => {
      if (mine !== this.timer) return;
      this.stalled = false;
      void this.pump();
    }, this.pauseMs);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 2);
    this.changed();
  }

  private changed(): void {
    this.options.onChange(this.state);
    const isEmpty = this.items.length === 0;
    if (!isEmpty && !this.stalled) return;
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve(isEmpty);
  }
}

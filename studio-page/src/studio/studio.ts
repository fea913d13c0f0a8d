import type { Client } from "../server/client";
import { Refused, Unreachable } from "../server/client";
import type { Events } from "../server/events";
import type { Outbox } from "../server/outbox";
import type { Store } from "../store";
import type { Sheet, WallSheet } from "./sheet";
import type { AppState, Notice } from "./state";

/** What every piece of the page works with. */
export interface Studio {
  readonly store: Store<AppState>;
  readonly client: Client;
  readonly events: Events;
  readonly outbox: Outbox;
  readonly sheet: Sheet;
  readonly wall: WallSheet;
}

const SHOWN_MS = { plain: 5000, bad: 12000 };
let nextNotice = 1;

/** Tells the person something, over the page, for a while. */
export function say(studio: Pick<Studio, "store">, text: string, tone: Notice["tone"] = "plain"): void {
  const notice: Notice = { id: nextNotice++, text, tone };
  const others = studio.store.get().notices.filter((other) => other.text !== text);
  studio.store.set({ notices: [...others.slice(-2), notice] });
  setTimeout(() => dismiss(studio, notice.id), SHOWN_MS[tone]);
}

export function dismiss(studio: Pick<Studio, "store">, id: number): void {
  studio.store.set({ notices: studio.store.get().notices.filter((notice) => notice.id !== id) });
}

/** Does something with the server; where that fails, says why and gives null. */
export async function attempt<T>(studio: Studio, action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof Unreachable) markLost(studio);
    if (error instanceof Unreachable || error instanceof Refused) {
      say(studio, error.message, "bad");
      return null;
    }
    throw error;
  }
}

export function markLost(studio: Pick<Studio, "store">): void {
  if (studio.store.get().connection === "online") studio.store.set({ connection: "lost" });
}

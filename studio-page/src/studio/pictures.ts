import { Refused, Unreachable } from "../server/client";
import type { Picture } from "../server/types";
import { place } from "../painting/raster";
import { Superpixels } from "../painting/superpixels";
import { fetchPrediction } from "./live";
import { openIdOf, type AppState } from "./state";
import { attempt, markLost, say, type Studio } from "./studio";

/** Reads the server's state anew. */
export async function refreshState(studio: Studio): Promise<boolean> {
  try {
    studio.store.set({ server: await studio.client.state() });
    return true;
  } catch (error) {
    if (error instanceof Unreachable) markLost(studio);
    else if (error instanceof Refused) say(studio, error.message, "bad");
    else throw error;
    return false;
  }
}

/** Pictures of the tray in the order in which it shows them: pinned first, skipped not at all. */
export function trayOrder(pictures: readonly Picture[], sort: AppState["sort"]): Picture[] {
  const shown = pictures.filter((picture) => !picture.skipped);
  const by: Record<AppState["sort"], (a: Picture, b: Picture) => number> = {
    proposed: () => 0,
    unsure: (a, b) => (b.score ?? -1) - (a.score ?? -1),
    painted: (a, b) => a.labelled_share - b.labelled_share,
    name: (a, b) => a.id.localeCompare(b.id, undefined, { numeric: true }),
  };
  return shown.sort((a, b) => Number(b.pinned) - Number(a.pinned) || by[sort](a, b));
}

/** Opens a picture to paint on. `takeOver`: also when another tab has it. */
export async function openPicture(studio: Studio, id: string, takeOver = false): Promise<void> {
  const { store, client, sheet, outbox } = studio;
  const isOther = sheet.id !== id;
  if (isOther) sheet.clear(id);
  store.set({
    open: {
      id,
      state: sheet.labels ? "ready" : "loading",
      error: null,
      server: isOther ? null : (store.get().open?.server ?? null),
    },
    lookAt: null,
    ...(isOther ? { thinking: false, predicted: false } : {}),
  });
  try {
    const [server, raster] = await Promise.all([client.open(id, takeOver), client.labels(id)]);
    if (openIdOf(store.get()) !== id) return;
    for (const item of outbox.unsaved(id)) place(raster, item.box, item.labels);
    sheet.setLabels(raster);
    store.set({ open: { id, state: "ready", error: null, server } });
    if (!server.held) outbox.unpark(id);
    void fetchPrediction(studio);
    if (!sheet.superpixels && store.get().tool === "wand") void fetchSuperpixels(studio);
  } catch (error) {
    if (openIdOf(store.get()) !== id) return;
    if (!(error instanceof Unreachable || error instanceof Refused)) throw error;
    if (error instanceof Unreachable) markLost(studio);
    // What is on the easel stays there: painting goes on until the server is back.
    if (!sheet.labels) store.set({ open: { id, state: "failed", error: error.message, server: null } });
  }
}

/** Opens what is worth opening: the picture of last time, else the first one of the tray. */
export async function openSomething(studio: Studio, remembered: string | null): Promise<void> {
  const state = studio.store.get();
  const order = trayOrder(state.server?.pictures ?? [], state.sort);
  const chosen = order.find((picture) => picture.id === remembered) ?? order[0];
  if (chosen) await openPicture(studio, chosen.id);
}

export function step(studio: Studio, by: 1 | -1): void {
  const state = studio.store.get();
  const order = trayOrder(state.server?.pictures ?? [], state.sort);
  if (order.length === 0) return;
  const place = order.findIndex((picture) => picture.id === openIdOf(state));
  const next = place < 0 ? order[0] : order[(place + by + order.length) % order.length];
  if (next.id !== openIdOf(state)) void openPicture(studio, next.id);
}

export async function togglePin(studio: Studio, id: string): Promise<void> {
  const picture = find(studio, id);
  if (!picture) return;
  const changed = await attempt(studio, () => studio.client.choose(id, { pinned: !picture.pinned }));
  if (changed) replace(studio, changed);
}

/** Takes a picture out of the tray; the next one comes onto the easel. What was painted on it is kept. */
export async function skip(studio: Studio, id: string): Promise<void> {
  const picture = find(studio, id);
  if (!picture) return;
  const state = studio.store.get();
  const order = trayOrder(state.server?.pictures ?? [], state.sort);
  const place = order.findIndex((other) => other.id === id);
  const changed = await attempt(studio, () => studio.client.choose(id, { skipped: true }));
  if (!changed) return;
  replace(studio, changed);
  say(studio, "Skipped. “Skipped” under the pictures brings it back.");
  const next = order[place + 1] ?? order[place - 1];
  if (openIdOf(studio.store.get()) === id) {
    if (next) await openPicture(studio, next.id);
    else closePicture(studio);
  }
}

export async function unskipAll(studio: Studio): Promise<void> {
  const skipped = (studio.store.get().server?.pictures ?? []).filter((picture) => picture.skipped);
  for (const picture of skipped) {
    const changed = await attempt(studio, () => studio.client.choose(picture.id, { skipped: false }));
    if (changed) replace(studio, changed);
  }
}

export function closePicture(studio: Studio): void {
  studio.sheet.clear(null);
  studio.store.set({ open: null });
}

export interface Wish {
  readonly kind: "representative" | "unsure" | "another";
  readonly n: number;
  readonly truncation: readonly [number, number] | null;
  /** "unsure" of this part alone. */
  readonly part?: string;
}

/** Asks for more pictures; they come by an event. */
export async function propose(studio: Studio, wish: Wish): Promise<void> {
  const asked = await attempt(studio, async () => {
    await studio.client.propose({ ...wish, seed: null, part: wish.part ?? null });
    return true;
  });
  if (asked) await refreshState(studio);
}

/** Makes a wall picture one to label, and opens it. */
export async function labelFromWall(studio: Studio, wallId: string): Promise<string | null> {
  const picture = await attempt(studio, () => studio.client.fromWall(wallId));
  if (!picture) return null;
  await refreshState(studio);
  await openPicture(studio, picture.id);
  return picture.id;
}

export async function fetchSuperpixels(studio: Studio): Promise<void> {
  const { sheet, client } = studio;
  const id = sheet.id;
  if (!id) return;
  try {
    const made = await client.superpixels(id);
    if (made && sheet.id === id) sheet.setSuperpixels(new Superpixels(made.ids, made));
  } catch (error) {
    if (error instanceof Unreachable) markLost(studio);
    else if (error instanceof Refused) say(studio, error.message, "bad");
    else throw error;
  }
}

/** Does something with the open picture, where there is one. */
export function onOpen(studio: Studio, action: (studio: Studio, id: string) => Promise<void>): void {
  const id = openIdOf(studio.store.get());
  if (id) void action(studio, id);
}

export function find(studio: Studio, id: string): Picture | undefined {
  return studio.store.get().server?.pictures.find((picture) => picture.id === id);
}

/** Puts one picture's news into the state. */
export function replace(studio: Studio, changed: Partial<Picture> & { readonly id: string }): void {
  const { server } = studio.store.get();
  if (!server) return;
  const pictures = server.pictures.map((picture) =>
    picture.id === changed.id ? { ...picture, ...changed } : picture,
  );
  studio.store.set({ server: { ...server, pictures } });
}

import type { Part, PartChange } from "../server/types";
import { wholeBox } from "../painting/raster";
import { applyTable } from "../painting/tables";
import { exclusive } from "./exclusive";
import { fetchPrediction, fetchWall } from "./live";
import { partId } from "./state";
import { attempt, say, type Studio } from "./studio";

export function choosePart(studio: Studio, name: string): void {
  const state = studio.store.get();
  const present = state.server?.parts[partId(state)]?.name ?? null;
  if (name === present) return;
  const hidden = new Set(state.hidden);
  hidden.delete(name); // What is painted with it must be seen.
  const tool = state.tool === "eraser" || state.tool === "pan" ? "brush" : state.tool;
  studio.store.set({ partName: name, lastPartName: present, hidden, tool });
}

export function choosePartAt(studio: Studio, id: number): void {
  const part = studio.store.get().server?.parts[id];
  if (part) choosePart(studio, part.name);
}

export function stepPart(studio: Studio, by: 1 | -1): void {
  const state = studio.store.get();
  const n = state.server?.parts.length ?? 0;
  if (n > 0) choosePartAt(studio, (partId(state) + by + n) % n);
}

export function chooseLastPart(studio: Studio): void {
  const { lastPartName } = studio.store.get();
  if (lastPartName !== null) choosePart(studio, lastPartName);
}

export function toggle(studio: Studio, which: "hidden" | "locked", name: string): void {
  const names = new Set(studio.store.get()[which]);
  if (!names.delete(name)) names.add(name);
  studio.store.set(which === "hidden" ? { hidden: names } : { locked: names });
}

/** Changes the part set. What is painted is carried over: here by the server's table, there by the server. */
export async function changeParts(studio: Studio, change: PartChange): Promise<boolean> {
  let isChanged = false;
  await exclusive(studio, async () => {
    if (await studio.outbox.settled()) isChanged = await changeNow(studio, change);
    else say(studio, "Parts can be changed again when the server is back.", "bad");
  });
  return isChanged;
}

async function changeNow(studio: Studio, change: PartChange): Promise<boolean> {
  const { store, client, sheet } = studio;
  const changed = await attempt(studio, () => client.changeParts(change));
  const { server } = store.get();
  if (!changed || !server) return false;
  if (sheet.labels) applyTable(sheet.labels.data, changed.table);
  store.set({
    server: { ...server, parts: changed.parts, parts_version: changed.parts_version },
    ...renamed(studio, change),
  });
  if (sheet.labels) sheet.painted.emit(wholeBox(sheet.labels));
  void fetchPrediction(studio);
  void fetchWall(studio);
  return true;
}

function renamed(studio: Studio, change: PartChange): object {
  const state = studio.store.get();
  if (change.kind === "add") return { partName: change.name };
  if (change.kind !== "rename") return {};
  const moved = (names: ReadonlySet<string>): Set<string> =>
    new Set([...names].map((name) => (name === change.name ? change.to : name)));
  return {
    hidden: moved(state.hidden),
    locked: moved(state.locked),
    partName: state.partName === change.name ? change.to : state.partName,
  };
}

/** Names in a new order: one moved by some places; the background stays first. */
export function movedNames(parts: readonly Part[], name: string, to: number): string[] {
  const names = parts.map((part) => part.name);
  const from = names.indexOf(name);
  const place = Math.min(names.length - 1, Math.max(1, to));
  if (from < 1) return names;
  names.splice(from, 1);
  names.splice(place, 0, name);
  return names;
}

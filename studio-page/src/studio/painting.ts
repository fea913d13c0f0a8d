import { Refused, Unreachable } from "../server/client";
import type { Kept, Outcome } from "../server/outbox";
import type { Saved, ServerPatch } from "../server/types";
import { cut, labelledShare, place } from "../painting/raster";
import { Stroke, type StrokeRules } from "../painting/stroke";
import { exclusive, isExclusive } from "./exclusive";
import { replace } from "./pictures";
import { canPaint, lockedTable, openIdOf } from "./state";
import { attempt, say, type Studio } from "./studio";

/** When the last stroke ended, for who wants to know how quickly its prediction is drawn. */
export const STROKE_END = "stroke end";

/** Begins a stroke of a part (255 erases); null where nothing can be painted now. */
export function beginStroke(studio: Studio, rules: Pick<StrokeRules, "id" | "softTarget">): Stroke | null {
  const state = studio.store.get();
  const { labels, scratch } = studio.sheet;
  if (!canPaint(state) || !labels || !scratch) return null;
  return new Stroke(
    labels,
    { ...rules, locked: lockedTable(state), onlyUnlabelled: state.options.onlyUnlabelled },
    scratch,
  );
}

/** Draws what a stroke changed since the last call. */
export function showStroke(studio: Studio, stroke: Stroke): void {
  const box = stroke.takeFresh();
  if (box) studio.sheet.painted.emit(box);
}

/** Ends a stroke: it goes to the server. */
export function commitStroke(studio: Studio, stroke: Stroke): void {
  showStroke(studio, stroke);
  const done = stroke.finish();
  const { id } = studio.sheet;
  if (!done || !id) return;
  performance.mark(STROKE_END);
  studio.outbox.add({ picture: id, ...done, partsVersion: studio.store.get().server?.parts_version ?? 0 });
  note(studio, { can_undo: true, can_redo: false });
  studio.store.set({ thinking: studio.store.get().connection === "online" });
}

export function dropStroke(studio: Studio, stroke: Stroke): void {
  const box = stroke.cancel();
  if (box) studio.sheet.painted.emit(box);
}

/** How the outbox sends a stroke. */
export async function sendStroke(studio: Studio, item: Kept, again: boolean): Promise<Outcome> {
  try {
    if (again && (await hasAlready(studio, item))) return { kind: "saved" };
    const saved = await studio.client.stroke(item.picture, item.box, item.labels, item.partsVersion);
    onSaved(studio, item.picture, saved);
    return { kind: "saved" };
  } catch (error) {
    if (error instanceof Unreachable) return { kind: "unreachable" };
    if (!(error instanceof Refused)) throw error;
    if (error.held) {
      markHeld(studio, item.picture);
      return { kind: "held" };
    }
    return { kind: "refused", reason: error.message };
  }
}

/** The server may have saved it, though its answer never came. */
async function hasAlready(studio: Studio, { picture, box, labels }: Kept): Promise<boolean> {
  return cut(await studio.client.labels(picture), box).every((id, i) => id === labels[i]);
}

function onSaved(studio: Studio, picture: string, saved: Saved): void {
  const known = studio.store.get().server?.pictures.find((other) => other.id === picture);
  const status = known?.status === "accepted" ? "accepted" : saved.labelled_share > 0 ? "painted" : "new";
  replace(studio, { id: picture, labelled_share: saved.labelled_share, status });
  if (openIdOf(studio.store.get()) !== picture || studio.outbox.unsaved(picture).length > 1) return;
  note(studio, { can_undo: saved.can_undo, can_redo: saved.can_redo });
}

/** Another tab has taken the picture over. */
export function markHeld(studio: Studio, picture: string): void {
  const { open } = studio.store.get();
  if (open?.id === picture && open.server) {
    studio.store.set({ open: { ...open, server: { ...open.server, held: true } } });
  }
}

/** Undo: strokes that never left the page are taken back here, all others by the server. */
export function undo(studio: Studio): Promise<void> {
  const state = studio.store.get();
  if (state.connection !== "online" && state.open) {
    const item = studio.outbox.takeBack(state.open.id);
    if (item && studio.sheet.labels) {
      place(studio.sheet.labels, item.box, item.before);
      studio.sheet.painted.emit(item.box);
      return Promise.resolve();
    }
  }
  return byServer(studio, (id) => studio.client.undo(id), "Nothing to undo.");
}

export function redo(studio: Studio): Promise<void> {
  return byServer(studio, (id) => studio.client.redo(id), "Nothing to redo.");
}

/** Paints the prediction as labels, to be corrected. */
export function accept(studio: Studio, onlyUnlabelled: boolean): Promise<void> {
  if (!studio.store.get().predicted) {
    say(studio, "There is no prediction yet: paint two parts first.");
    return Promise.resolve();
  }
  return byServer(
    studio,
    (id) => studio.client.accept(id, onlyUnlabelled),
    "Nothing left to accept: everything is painted.",
  );
}

/** Something that the server paints: after all strokes, one at a time; painting waits for it. */
async function byServer(
  studio: Studio,
  command: (id: string) => Promise<ServerPatch | null>,
  nothing: string,
): Promise<void> {
  const state = studio.store.get();
  const id = openIdOf(state);
  if (id && (isExclusive() || canPaint(state))) {
    await exclusive(studio, () => runCommand(studio, id, command, nothing));
  }
}

async function runCommand(
  studio: Studio,
  id: string,
  command: (id: string) => Promise<ServerPatch | null>,
  nothing: string,
): Promise<void> {
  if (!(await studio.outbox.settled())) {
    say(studio, "This has to wait until the server is back.", "bad");
    return;
  }
  await attempt(studio, async () => {
    const patch = await command(id);
    if (studio.sheet.id !== id) return;
    if (!patch) {
      say(studio, nothing);
      return;
    }
    applyPatch(studio, patch);
  });
}

function applyPatch(studio: Studio, patch: ServerPatch): void {
  const { labels, id } = studio.sheet;
  if (!labels || !id) return;
  place(labels, patch.box, patch.labels);
  studio.sheet.painted.emit(patch.box);
  note(studio, { can_undo: patch.canUndo, can_redo: patch.canRedo });
  replace(studio, { id, labelled_share: labelledShare(labels) });
  studio.store.set({ thinking: true });
}

function note(studio: Studio, change: { can_undo: boolean; can_redo: boolean }): void {
  const { open } = studio.store.get();
  if (open?.server) studio.store.set({ open: { ...open, server: { ...open.server, ...change } } });
}

import { button, progressBar } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { onOpen, openPicture } from "../studio/pictures";
import type { AppState } from "../studio/state";
import type { Studio } from "../studio/studio";
import { labelsPhotos, one } from "../studio/words";
import { another } from "./tray";

/** What stands on the easel while there is nothing to paint on. */
export function emptyState(studio: Studio): HTMLElement {
  const title = el("h2", {});
  const text = el("p", {});
  const bar = progressBar("Choosing pictures");
  const press = button({
    label: "Propose some",
    text: true,
    class: "primary",
    press: () => void another(studio),
  });
  const retry = button({
    label: "Try again",
    text: true,
    icon: "refresh",
    press: () => onOpen(studio, (s, id) => openPicture(s, id)),
  });
  const element = el(
    "div",
    { class: "empty", attrs: { role: "status" } },
    title,
    text,
    bar.element,
    press,
    retry,
  );
  studio.store.watch(
    (state) => [state.open, state.server, state.connection],
    () => {
      const state = studio.store.get();
      const empty = emptiness(state);
      show(element, empty !== null);
      if (!empty) return;
      setText(title, empty.title);
      setText(text, empty.text);
      show(bar.element, empty.share !== undefined);
      bar.set(empty.share ?? null);
      show(press, empty.may === "propose");
      show(retry, empty.may === "retry");
    },
  );
  return element;
}

interface Emptiness {
  readonly title: string;
  readonly text: string;
  readonly share?: number | null;
  readonly may?: "propose" | "retry";
}

function emptiness(state: Readonly<AppState>): Emptiness | null {
  const { open, server } = state;
  const word = one(state);
  if (open?.state === "ready") return null;
  if (open?.state === "failed") {
    return { title: `This ${word} cannot be opened`, text: open.error ?? "", may: "retry" };
  }
  if (!server) return { title: "One moment", text: "The studio is waking up.", share: null };
  if (open?.state === "loading") return { title: "", text: `Making the ${word} …`, share: null };
  if (server.proposing) {
    const { done, total } = server.proposing;
    return {
      title: labelsPhotos(state)
        ? "Choosing a photo to begin with"
        : "Choosing pictures that are worth labelling",
      text: labelsPhotos(state)
        ? "Partly reads a few photos, and begins with one that is like the others."
        : "Partly looks through what the generator can make, and proposes pictures that stand for many.",
      share: total > 0 ? done / total : null,
    };
  }
  if (server.live.state === "failed" && server.pictures.length === 0) {
    return {
      title: labelsPhotos(state) ? "The photos cannot be used" : "The generator cannot be used",
      text: server.live.problem ?? "See what the terminal says.",
    };
  }
  if (server.pictures.some((picture) => !picture.skipped))
    return { title: "One moment", text: "", share: null };
  if (server.live.state === "cold" || (server.live.state === "warming" && server.live.total === 0)) {
    return {
      title: "One moment",
      text: `The ${labelsPhotos(state) ? "network that reads photos" : "generator"} is being loaded.`,
      share: null,
    };
  }
  const hasSkipped = server.pictures.length > 0;
  return {
    title: hasSkipped ? `All ${word}s are skipped` : `No ${word} to label yet`,
    text: labelsPhotos(state)
      ? "Let Partly propose one, choose one by its name, or drop a photo here."
      : "Let Partly propose one, or drop a photo here to see what the network makes of it.",
    may: "propose",
  };
}

/** Another tab has the picture. */
export function heldState(studio: Studio): HTMLElement {
  const element = el(
    "div",
    { class: "held", attrs: { role: "alert" } },
    el("p", {}, "Another tab is painting on this one. Here you can only look at it."),
    button({
      label: "Take over",
      text: true,
      class: "primary",
      press: () => onOpen(studio, (s, id) => openPicture(s, id, true)),
    }),
  );
  studio.store.watch(
    (state) => Boolean(state.open?.server?.held) && state.open?.state === "ready",
    (isHeld) => show(element, isHeld),
  );
  return element;
}

import type { Easel } from "../canvas/easel";
import { button } from "../dom/controls";
import { el } from "../dom/el";
import { accept, redo, undo } from "../studio/painting";
import { find, onOpen, skip, togglePin } from "../studio/pictures";
import { canPaint, openIdOf } from "../studio/state";
import type { Studio } from "../studio/studio";
import { emptyState, heldState } from "./empty_state";
import { hint } from "./hint";
import { foot, heatLegend } from "./layers_bar";
import { lookPanel } from "./look";
import { REASONS } from "./tray";

/** The middle: the easel with what is done to the picture above it, and what is seen of it below. */
export function stage(studio: Studio, easel: Easel): HTMLElement {
  return el(
    "main",
    { class: "stage", attrs: { "aria-label": "Picture" } },
    head(studio),
    el(
      "div",
      { class: "stage-middle" },
      easel.element,
      hint(studio),
      lookPanel(studio),
      emptyState(studio),
      heldState(studio),
      heatLegend(studio),
    ),
    foot(studio, easel),
  );
}

function head(studio: Studio): HTMLElement {
  const undoing = button({
    label: "Undo",
    hint: "Undo (Ctrl Z)",
    icon: "undo",
    class: "quiet",
    press: () => void undo(studio),
  });
  const redoing = button({
    label: "Redo",
    hint: "Redo (Ctrl Shift Z)",
    icon: "redo",
    class: "quiet",
    press: () => void redo(studio),
  });
  const title = el("p", { class: "picture-title" });
  const pin = button({
    label: "Pin",
    hint: "Keep it at the top (P)",
    icon: "pin",
    class: "quiet",
    press: () => onOpen(studio, togglePin),
  });
  const skipping = button({
    label: "Skip",
    hint: "Out of the way; what is painted is kept (S)",
    icon: "skip",
    class: "quiet",
    press: () => onOpen(studio, skip),
  });
  const all = button({
    label: "Accept all",
    text: "all",
    hint: "The prediction becomes the label everywhere, also where something is painted (Shift A)",
    class: "accept-all",
    press: () => void accept(studio, false),
  });
  const rest = button({
    label: "Accept prediction",
    text: true,
    icon: "check",
    hint: "The prediction becomes the label where nothing is painted yet (A). Undo takes it back.",
    class: "primary accept",
    press: () => void accept(studio, true),
  });
  studio.store.watch(
    (state) => [state.open, state.busy, state.predicted, state.lookAt, state.connection],
    () => {
      const state = studio.store.get();
      const isReady = state.open?.state === "ready" && !state.open.server?.held && state.lookAt === null;
      undoing.disabled = !isReady || !state.open?.server?.can_undo;
      redoing.disabled = !isReady || !state.open?.server?.can_redo;
      pin.disabled = skipping.disabled = state.open === null;
      rest.disabled = all.disabled = !canPaint(state) || !state.predicted || state.connection !== "online";
    },
  );
  studio.store.watch(
    (state) => [openIdOf(state), state.server?.pictures],
    () => {
      const id = openIdOf(studio.store.get());
      const picture = id ? find(studio, id) : undefined;
      title.replaceChildren(
        ...(id
          ? [el("strong", {}, picture?.name ?? id), el("span", {}, picture ? describe(picture) : "")]
          : []),
      );
      title.title = picture ? REASONS[picture.reason] : "";
      title.dataset["picture"] = id ?? "";
      pin.setAttribute("aria-pressed", String(picture?.pinned ?? false));
    },
  );
  return el(
    "div",
    { class: "stage-head", attrs: { role: "toolbar", "aria-label": "Picture" } },
    undoing,
    redoing,
    title,
    pin,
    skipping,
    el("span", { class: "button-pair" }, rest, all),
  );
}

function describe(picture: NonNullable<ReturnType<typeof find>>): string {
  const share = 100 * picture.labelled_share;
  if (picture.status === "new") return REASONS[picture.reason];
  return `${share > 0 && share < 1 ? "under 1" : Math.round(share)} % painted`;
}

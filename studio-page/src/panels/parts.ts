import { toHex } from "../colour/palette";
import { button, setIcon } from "../dom/controls";
import { el, show } from "../dom/el";
import { icon } from "../dom/icons";
import type { Part } from "../server/types";
import { changeParts, choosePart, movedNames, toggle } from "../studio/parts";
import { partId, type AppState } from "../studio/state";
import type { Studio } from "../studio/studio";
import { qualityPanel } from "./quality";

export interface PartsActions {
  readonly add: () => void;
  readonly edit: (name: string) => void;
}

/** The parts: colour, name, hide, lock; in the order of their ids, which a drag changes. */
export function partsPanel(studio: Studio, actions: PartsActions): HTMLElement {
  const list = el("ul", { class: "part-list", attrs: { "aria-label": "Parts" } });
  const draw = (state: Readonly<AppState>): void => {
    const hadFocus = document.activeElement?.closest(".part")?.getAttribute("data-name");
    list.replaceChildren(
      ...(state.server?.parts ?? []).map((part, id) => partRow(studio, actions, part, id)),
    );
    if (hadFocus)
      list.querySelector<HTMLElement>(`.part[data-name="${CSS.escape(hadFocus)}"] .part-choose`)?.focus();
    mark(studio, list);
  };
  studio.store.watch(
    (state) => state.server?.parts,
    () => draw(studio.store.get()),
  );
  studio.store.watch(
    (state) => [state.partName, state.hidden, state.locked, state.tool],
    () => mark(studio, list),
  );
  const quality = qualityPanel(studio, list);
  makeSortable(studio, list);
  return el(
    "section",
    { class: "parts", attrs: { "aria-label": "Parts" } },
    el(
      "header",
      { class: "panel-head" },
      el("h2", {}, "Parts"),
      button({
        label: "Add a part",
        hint: "Add a part (Shift R)",
        icon: "plus",
        class: "quiet small",
        press: actions.add,
      }),
    ),
    list,
    quality,
  );
}

function partRow(studio: Studio, actions: PartsActions, part: Part, id: number): HTMLElement {
  const { name } = part;
  const key = id <= 9 ? String(id) : "";
  return el(
    "li",
    { class: "part", attrs: { "data-name": name } },
    el(
      "button",
      {
        class: "part-choose",
        attrs: { type: "button", title: part.mirror ? `In a mirrored picture: ${part.mirror}` : null },
        on: {
          click: () => choosePart(studio, name),
          dblclick: () => actions.edit(name),
        },
      },
      el("kbd", { attrs: { "aria-hidden": "true" } }, key),
      el("span", { class: "swatch", style: { "--part": toHex(part.colour) } }),
      el("span", { class: "part-name" }, name),
      el("span", { class: "part-figure", attrs: { hidden: true } }),
      part.mirror ? icon("pair") : null,
    ),
    button({
      label: `Hide ${name}`,
      icon: "eye",
      class: "quiet small part-hide",
      press: () => toggle(studio, "hidden", name),
    }),
    button({
      label: `Lock ${name}`,
      icon: "unlock",
      class: "quiet small part-lock",
      press: () => toggle(studio, "locked", name),
    }),
    button({
      label: `Change ${name}`,
      hint: "Rename, recolour, merge, delete (R)",
      icon: "more",
      class: "quiet small part-edit",
      press: () => actions.edit(name),
    }),
  );
}

/** Shows which part is chosen, hidden, locked. */
function mark(studio: Studio, list: HTMLElement): void {
  const state = studio.store.get();
  const chosen = partId(state);
  [...list.children].forEach((row, id) => {
    const name = row.getAttribute("data-name") ?? "";
    const isHidden = state.hidden.has(name);
    const isLocked = state.locked.has(name);
    row.classList.toggle("chosen", id === chosen);
    row.classList.toggle("is-hidden", isHidden);
    row.classList.toggle("is-locked", isLocked);
    row.querySelector(".part-choose")?.setAttribute("aria-pressed", String(id === chosen));
    const [hide, lock] = [".part-hide", ".part-lock"].map((which) => row.querySelector<HTMLElement>(which)!);
    setIcon(hide, isHidden ? "eyeOff" : "eye");
    setIcon(lock, isLocked ? "lock" : "unlock");
    hide.setAttribute("aria-pressed", String(isHidden));
    lock.setAttribute("aria-pressed", String(isLocked));
    hide.title = isHidden ? "Show it (H)" : "Hide it: it is not drawn (H)";
    lock.title = isLocked ? "Unlock it (K)" : "Lock it: nothing paints over it (K)";
  });
  const row = list.children[chosen];
  if (row && list.scrollHeight > list.clientHeight) row.scrollIntoView({ block: "nearest" });
}

/** Rows are dragged to another place by mouse or pen; the background stays first. */
function makeSortable(studio: Studio, list: HTMLElement): void {
  const marker = el("div", { class: "drop-line", attrs: { hidden: true } });
  let dragged: { name: string; startY: number; to: number | null } | null = null;
  list.addEventListener("pointerdown", (event) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>(".part");
    const isOnName = (event.target as HTMLElement).closest(".part-choose");
    if (!row || !isOnName || event.button !== 0 || event.pointerType === "touch") return;
    if (row === list.firstElementChild) return;
    dragged = { name: row.dataset["name"] ?? "", startY: event.clientY, to: null };
  });
  list.addEventListener("pointermove", (event) => {
    if (!dragged || Math.abs(event.clientY - dragged.startY) < 6) return;
    const rows = [...list.querySelectorAll<HTMLElement>(".part")];
    const place = rows.findIndex((row) => {
      const box = row.getBoundingClientRect();
      return event.clientY < box.top + box.height / 2;
    });
    dragged.to = Math.max(1, place < 0 ? rows.length : place);
    if (!marker.isConnected) list.append(marker);
    const next = rows[dragged.to];
    const last = rows[rows.length - 1];
    marker.style.top = `${next ? next.offsetTop : last.offsetTop + last.offsetHeight}px`;
    show(marker, true);
  });
  const end = (isDropped: boolean): void => {
    const drop = dragged;
    dragged = null;
    show(marker, false);
    if (!isDropped || !drop || drop.to === null) return;
    const parts = studio.store.get().server?.parts ?? [];
    const from = parts.findIndex((part) => part.name === drop.name);
    const to = drop.to > from ? drop.to - 1 : drop.to;
    if (to !== from) void changeParts(studio, { kind: "move", names: movedNames(parts, drop.name, to) });
  };
  list.addEventListener("pointerup", () => end(true));
  list.addEventListener("pointerleave", () => end(false));
  list.addEventListener("pointercancel", () => end(false));
}

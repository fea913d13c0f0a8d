import { fromHex, toHex } from "../colour/palette";
import { button, dialog, select, uniqueId } from "../dom/controls";
import { el, setText } from "../dom/el";
import type { Part } from "../server/types";
import { changeParts, movedNames } from "../studio/parts";
import type { Studio } from "../studio/studio";

const NOBODY = "";

/** A window to add a part. The server chooses a colour that can be told apart from the others. */
export function openAddPart(studio: Studio): void {
  const { field, input } = nameField("Name", "");
  const form = el("form", { class: "form", attrs: { method: "dialog" } }, field, formButtons("Add"));
  const window = dialog("Add a part", "narrow", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return;
    void changeParts(studio, { kind: "add", name, colour: null, after: null }).then((isDone) => {
      if (isDone) window.close();
    });
  });
  window.showModal();
  input.focus();
}

/** A window to change one part: name, colour, pair, place, merge, delete. */
export function openEditPart(studio: Studio, name: string): void {
  const part = studio.store.get().server?.parts.find((other) => other.name === name);
  if (!part) return;
  const { field, input } = nameField("Name", part.name);
  const colour = el("input", { id: uniqueId("colour"), attrs: { type: "color", value: toHex(part.colour) } });
  const pair = pairChoice(studio, part);
  const form = el(
    "form",
    { class: "form", attrs: { method: "dialog" } },
    el(
      "div",
      { class: "form-row" },
      field,
      el("div", { class: "field" }, el("label", { attrs: { for: colour.id } }, "Colour"), colour),
    ),
    pair.element,
    formButtons("Save"),
  );
  const window = dialog(
    `Part: ${part.name}`,
    "narrow",
    form,
    ...moreChanges(studio, part, () => window.close()),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void save(studio, part, input.value.trim(), colour.value, pair.input.value).then((isDone) => {
      if (isDone) window.close();
    });
  });
  window.showModal();
  input.select();
}

async function save(studio: Studio, part: Part, name: string, hex: string, pair: string): Promise<boolean> {
  let now = part.name;
  if (name && name !== part.name) {
    if (!(await changeParts(studio, { kind: "rename", name: part.name, to: name }))) return false;
    now = name;
  }
  if (hex.toLowerCase() !== toHex(part.colour)) {
    if (!(await changeParts(studio, { kind: "recolour", name: now, colour: fromHex(hex) }))) return false;
  }
  const mirror = pair === NOBODY ? null : pair;
  return mirror === part.mirror || changeParts(studio, { kind: "pair", left: now, right: mirror });
}

function nameField(label: string, value: string): { field: HTMLElement; input: HTMLInputElement } {
  const input = el("input", {
    id: uniqueId("name"),
    attrs: { type: "text", required: true, autocomplete: "off", maxlength: 60, value },
  });
  return {
    field: el("div", { class: "field grow" }, el("label", { attrs: { for: input.id } }, label), input),
    input,
  };
}

function formButtons(label: string): HTMLElement {
  return el(
    "div",
    { class: "form-buttons" },
    el("button", { class: "button primary", attrs: { type: "submit" } }, label),
  );
}

function others(studio: Studio, part: Part): Part[] {
  return (studio.store.get().server?.parts ?? []).filter((other) => other.name !== part.name);
}

function pairChoice(studio: Studio, part: Part): { element: HTMLElement; input: HTMLSelectElement } {
  const names = others(studio, part).slice(part === studio.store.get().server?.parts[0] ? 0 : 1);
  const choice = select({
    label: "Becomes in a mirrored picture (left and right)",
    options: [[NOBODY, "itself"], ...names.map((other) => [other.name, other.name] as const)],
    change: () => undefined,
  });
  choice.input.value = part.mirror ?? NOBODY;
  return choice;
}

function moreChanges(studio: Studio, part: Part, close: () => void): HTMLElement[] {
  const parts = studio.store.get().server?.parts ?? [];
  const place = parts.findIndex((other) => other.name === part.name);
  const isBackground = place === 0;
  if (isBackground) return [el("p", { class: "note" }, "The background is the first part, and stays.")];
  const move = (by: number): void => {
    const now = studio.store.get().server?.parts ?? [];
    const from = now.findIndex((other) => other.name === part.name);
    const names = movedNames(now, part.name, from + by);
    if (names.indexOf(part.name) !== from) void changeParts(studio, { kind: "move", names });
  };
  const into = select({
    label: "Merge it into",
    options: others(studio, part).map((other) => [other.name, other.name] as const),
    change: () => undefined,
  });
  const merge = sure(
    "Merge",
    "Merge for good",
    () => changeParts(studio, { kind: "merge", name: part.name, into: into.input.value }),
    close,
  );
  const remove = sure(
    "Delete",
    "Delete for good",
    () => changeParts(studio, { kind: "delete", name: part.name }),
    close,
  );
  return [
    el("hr", {}),
    el(
      "div",
      { class: "form-row" },
      el("p", { class: "note grow" }, "Its place, and with it its number key"),
      button({ label: "Move it up", icon: "up", class: "small", press: () => move(-1) }),
      button({ label: "Move it down", icon: "down", class: "small", press: () => move(1) }),
    ),
    el("div", { class: "form-row end" }, el("div", { class: "grow" }, into.element), merge),
    el(
      "div",
      { class: "form-row" },
      el(
        "p",
        { class: "note grow" },
        "Delete it: what is painted with it becomes unlabelled, in all pictures",
      ),
      remove,
    ),
  ];
}

/** A button for what cannot be undone: the first press asks, the second does it. */
function sure(label: string, again: string, action: () => Promise<boolean>, done: () => void): HTMLElement {
  let isAsked = false;
  const element = button({
    label,
    text: true,
    class: "danger",
    press: () => {
      if (!isAsked) {
        isAsked = true;
        element.classList.add("asked");
        setText(element.querySelector(".button-text")!, again);
        return;
      }
      void action().then((isDone) => isDone && done());
    },
  });
  return element;
}

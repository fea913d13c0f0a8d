import { dialog } from "../dom/controls";
import { el } from "../dom/el";
import { BINDINGS, CANVAS_KEYS, keyCaption, type Binding } from "../keyboard/keymap";

const GROUPS: readonly Binding["group"][] = ["Tools", "Parts", "Painting", "Looking", "Pictures", "Studio"];

/** All keys, and what helps to know. */
export function openHelp(): void {
  if (document.querySelector(".help")) return;
  const window = dialog(
    "Keys",
    "help",
    el(
      "div",
      { class: "help-columns" },
      ...GROUPS.map((group) =>
        section(group, BINDINGS.filter((binding) => binding.group === group).map(row)),
      ),
      section(
        "On the picture",
        CANVAS_KEYS.map(({ keys, does }) => line([keys], does)),
      ),
    ),
    el(
      "p",
      { class: "note" },
      "The right button chooses the part under the pointer. A soft brush only fills unlabelled pixels with its rim. ",
      "Every stroke is saved at once; undo has no end, also after a restart.",
    ),
  );
  window.showModal();
  window.focus();
}

function section(title: string, rows: readonly HTMLElement[]): HTMLElement {
  return el("section", {}, el("h3", {}, title), el("dl", {}, ...rows));
}

function row(binding: Binding): HTMLElement {
  const names = binding.keys.filter(
    (name, _, all) => !(name.startsWith("Shift+") && all.includes(name.slice(6))),
  );
  return line(names.map(keyCaption), binding.does);
}

function line(keys: readonly string[], does: string): HTMLElement {
  return el("div", {}, el("dt", {}, ...keys.map((key) => el("kbd", {}, key))), el("dd", {}, does));
}

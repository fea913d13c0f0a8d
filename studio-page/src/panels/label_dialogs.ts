import { checkbox, dialog, select, uniqueId } from "../dom/controls";
import { el } from "../dom/el";
import { openPicture, refreshState } from "../studio/pictures";
import { find } from "../studio/pictures";
import { openIdOf } from "../studio/state";
import { attempt, say, type Studio } from "../studio/studio";
import { one } from "../studio/words";

const FORMATS = [
  ["labelme", "LabelMe (JSON)"],
  ["x-anylabeling", "X-AnyLabeling (JSON)"],
  ["coco", "COCO (JSON)"],
  ["cvat", "CVAT (XML)"],
  ["yolo", "YOLO segmentation (text)"],
  ["label-studio", "Label Studio (JSON)"],
  ["via", "VIA 2 (JSON)"],
  ["colour-png", "PNG with a table of colours"],
  ["palette-png", "Palette PNG"],
] as const;

/** A window that takes labels of another program for the open picture. */
export function openImport(studio: Studio, dropped?: File): void {
  const id = openIdOf(studio.store.get());
  if (!id) {
    say(studio, "Open the picture that the labels belong to first.", "bad");
    return;
  }
  const file = el("input", {
    id: uniqueId("file"),
    attrs: { type: "file", accept: ".json,.xml,.txt,.png,.zip", required: true },
  });
  if (dropped) {
    const held = new DataTransfer();
    held.items.add(dropped);
    file.files = held.files;
  }
  const format = select({
    label: "Format",
    options: [["auto", "found out by itself"], ...FORMATS],
    change: () => undefined,
  });
  const fill = select({
    label: "What no shape covers",
    options: [
      ["unlabelled", "stays unlabelled"],
      ["background", "is background"],
    ],
    change: () => undefined,
  });
  const replace = checkbox("In place of what is painted", () => undefined, "Undo brings it back");
  const word = one(studio.store.get());
  const byName = checkbox(
    `For the ${word}s named in it`,
    () => undefined,
    `A file with labels of several ${word}s, or of another one than that which is open`,
  );
  const form = el(
    "form",
    { class: "form", attrs: { method: "dialog" } },
    el(
      "p",
      { class: "note" },
      `Labels for ${find(studio, id)?.name ?? id}. Part names in the file must be those of the project.`,
    ),
    el("div", { class: "field" }, el("label", { attrs: { for: file.id } }, "File"), file),
    el("div", { class: "form-row" }, format.element, fill.element),
    replace.element,
    byName.element,
    el(
      "div",
      { class: "form-buttons" },
      el("button", { class: "button primary", attrs: { type: "submit" } }, "Import"),
    ),
  );
  const window = dialog("Import labels", "narrow", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = file.files?.[0];
    if (!chosen) return;
    void attempt(studio, async () => {
      await studio.outbox.settled();
      const choices = {
        picture: byName.input.checked ? null : id,
        format: format.input.value,
        fill: fill.input.value,
        replace: replace.input.checked,
      };
      const { ids, notes = [] } = await studio.client.importLabels(chosen, choices);
      window.close();
      await refreshState(studio);
      const shown = ids.includes(id) ? id : ids[0];
      if (shown) await openPicture(studio, shown);
      const which = ids.length === 1 ? (find(studio, ids[0])?.name ?? ids[0]) : `${ids.length} ${word}s`;
      say(studio, [`Labels of ${which} imported.`, ...notes].join(" "));
    });
  });
  window.showModal();
}

/** A window that gives all labels in a format of another program. */
export function openExport(studio: Studio): void {
  const format = select({ label: "Format", options: FORMATS, change: () => undefined });
  const style = select({
    label: "Parts as",
    options: [
      ["mask", "masks, exact"],
      ["polygon", "polygons"],
    ],
    change: () => undefined,
  });
  const form = el(
    "form",
    { class: "form", attrs: { method: "dialog" } },
    el("p", { class: "note" }, `A zip with the labels of everything that is painted.`),
    el("div", { class: "form-row" }, format.element, style.element),
    el(
      "div",
      { class: "form-buttons" },
      el("button", { class: "button primary", attrs: { type: "submit" } }, "Export"),
    ),
  );
  const window = dialog("Export labels", "narrow", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(studio, async () => {
      await studio.outbox.settled();
      const zip = await studio.client.exportLabels(format.input.value, style.input.value);
      save(zip, `${studio.store.get().server?.project.name ?? "labels"}-${format.input.value}.zip`);
      window.close();
    });
  });
  window.showModal();
}

/** Gives a file to the person. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  el("a", { attrs: { href: url, download: name } }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

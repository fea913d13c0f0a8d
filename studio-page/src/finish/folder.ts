import { button, checkbox } from "../dom/controls";
import { el, setText } from "../dom/el";
import { addPhotos } from "../studio/photos";
import type { Studio } from "../studio/studio";
import type { Before } from "./before";

export interface BeforeFolder extends Before {
  /** Puts photos into the project's folder. */
  add(files: readonly File[]): Promise<void>;
}

/** "no photos yet", "one photo", "12 photos". */
export function countedPhotos(n: number): string {
  return n === 0 ? "no photos yet" : n === 1 ? "one photo" : `${n} photos`;
}

/** Segment: where photos go, and where results come. */
export function beforeFolder(studio: Studio): BeforeFolder {
  const from = el("code", {});
  const to = el("code", {});
  const count = el("strong", {});
  const progress = el("p", { class: "note", attrs: { role: "status" } });
  const file = el("input", {
    class: "visually-hidden",
    attrs: { type: "file", accept: "image/*", multiple: true, tabindex: -1, "aria-label": "Photos" },
  });
  const press = button({
    label: "Add photos",
    text: true,
    icon: "plus",
    hint: "Or drop them on the page",
    press: () => file.click(),
  });
  const add = async (files: readonly File[]): Promise<void> => {
    press.disabled = true;
    try {
      await addPhotos(studio, files, (number, total) =>
        setText(progress, `Adding photo ${number} of ${total} …`),
      );
    } finally {
      press.disabled = false;
      setText(progress, "");
    }
  };
  file.addEventListener("change", () => {
    const files = [...(file.files ?? [])];
    file.value = "";
    void add(files);
  });
  studio.store.watch(
    (state) => [state.server?.project, state.server?.n_photos] as const,
    ([project, n = 0]) => {
      const folder = project?.folder ?? "";
      setText(count, countedPhotos(n));
      setText(from, project?.labels === "photos" ? project.photos : `${folder}/photos`);
      setText(to, `${folder}/segmented`);
    },
  );
  let thorough = false;
  const choice = checkbox("Thorough: several sizes, finer edges, slower", (on) => (thorough = on));
  return {
    element: el(
      "div",
      { class: "before" },
      el("p", {}, count, " in ", from),
      el("div", { class: "actions" }, press, file),
      progress,
      el("p", {}, "Label maps, photos with their parts, and the areas of all parts come into ", to, "."),
      choice.element,
    ),
    options: () => (thorough ? { thorough } : {}),
    add,
  };
}

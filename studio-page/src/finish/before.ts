import { segments } from "../dom/controls";
import { el, setText } from "../dom/el";
import { icon } from "../dom/icons";
import type { DistilEffort, Effort } from "../server/types";
import type { AppState } from "../studio/state";
import type { Studio } from "../studio/studio";
import { counted, labelsPhotos } from "../studio/words";
import { formView } from "./form";

/** What a step works on, or can be told, before it begins. */
export interface Before {
  readonly element: HTMLElement;
  /** What the job is told. */
  options(): Record<string, unknown>;
}

const THUMBNAIL_PX = 192;

/** Fit: the pictures that it learns from. */
export function beforeFit(studio: Studio): Before {
  const list = el("ul", { class: "learned", attrs: { "aria-label": "What it learns from" } });
  const text = el("p", { class: "note" });
  studio.store.watch(
    (state) => state.server?.pictures,
    (pictures = []) => {
      const painted = pictures.filter((picture) => picture.status !== "new");
      setText(
        text,
        painted.length > 0
          ? `It learns from ${counted(studio.store.get(), painted.length)}:`
          : "Nothing is painted yet. A few strokes of every part are enough.",
      );
      list.replaceChildren(
        ...painted.map(({ id, labelled_share: share }) =>
          el(
            "li",
            {},
            el("img", { attrs: { src: studio.client.imageUrl(id, THUMBNAIL_PX), alt: "", loading: "lazy" } }),
            el(
              "span",
              { class: "note" },
              share < 0.01 ? "under 1 % painted" : `${Math.round(100 * share)} % painted`,
            ),
          ),
        ),
      );
    },
  );
  const form = formView();
  studio.store.watch(
    (state) => state.server?.forms,
    (forms) => form.show(forms?.fit ?? []),
  );
  return { element: el("div", { class: "before" }, text, list, form.element), options: form.options };
}

const TIMES: Readonly<Record<Effort, string>> = {
  quick: "",
  usual: " Some minutes on two processor cores.",
  thorough: " Half an hour to an hour on two processor cores.",
};

/** How much an effort comes to, in words. `onPhotos`: it learns from the folder's photos, no more than so many. */
export function distilText(effort: Effort, amount: DistilEffort, onPhotos = false): string {
  const { n_pictures, n_steps, size_px, second_round, says } = amount;
  const more = second_round > 0 ? " and a second round" : "";
  return `${n_pictures} ${onPhotos ? "photos at most" : "pictures"}, ${n_steps} steps at ${size_px} px${more}: ${says}.${TIMES[effort]}`;
}

const EFFORTS: readonly (readonly [Effort, string])[] = [
  ["quick", "a quick look"],
  ["usual", "as usual"],
  ["thorough", "thorough"],
];

/** Distil: how much is to be done. */
export function beforeDistil(studio: Studio): Before {
  let effort: Effort = "usual";
  const says = el("p", { class: "note" });
  const form = formView();
  const show = (): void => {
    const { server } = studio.store.get();
    setText(says, server ? distilText(effort, server.distil[effort], labelsPhotos(studio.store.get())) : "");
    // The effort has a control of its own.
    form.show((server?.forms.distil ?? []).filter((field) => field.name !== "effort"));
  };
  const choice = segments<Effort>({
    label: "How much",
    options: EFFORTS,
    change: (value) => {
      effort = value;
      show();
    },
  });
  choice.set(effort);
  studio.store.watch((state) => [state.server?.distil, state.server?.forms], show);
  return {
    element: el("div", { class: "before narrow" }, choice.element, says, form.element),
    options: () => ({ ...(effort === "usual" ? {} : { effort }), ...form.options() }),
  };
}

/** Export: the file, when there is one. */
export function beforeExport(studio: Studio): Before {
  const element = el("div", { class: "before" });
  studio.store.watch(
    (state: Readonly<AppState>) => [state.server?.models.onnx, state.server?.project.name],
    () => {
      const { server } = studio.store.get();
      element.replaceChildren(
        ...(server?.models.onnx
          ? [
              el(
                "a",
                {
                  class: "button primary",
                  attrs: { href: "/api/network.onnx", download: `${server.project.name}.onnx` },
                },
                icon("download"),
                el("span", {}, "Save the file"),
              ),
              el(
                "p",
                { class: "note" },
                "Preprocessing and part names are inside; it takes photos of any size, several at once. The command “partly export” writes the same file.",
              ),
            ]
          : []),
      );
    },
  );
  return { element, options: () => ({}) };
}

import { segments } from "../dom/controls";
import { el, setText } from "../dom/el";
import { icon } from "../dom/icons";
import type { AppState } from "../studio/state";
import type { Studio } from "../studio/studio";

/** What a step works on, or can be told, before it begins. */
export interface Before {
  readonly element: HTMLElement;
  /** What the job is told. */
  options(): Record<string, unknown>;
}

const THUMBNAIL_PX = 192;

/** Fit: the pictures that it learns from. */
export function beforeFit(studio: Studio): Before {
  const list = el("ul", { class: "learned", attrs: { "aria-label": "Pictures that it learns from" } });
  const text = el("p", { class: "note" });
  studio.store.watch(
    (state) => state.server?.pictures,
    (pictures = []) => {
      const painted = pictures.filter((picture) => picture.status !== "new");
      setText(
        text,
        painted.length > 0
          ? "It learns from these pictures:"
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
  return { element: el("div", { class: "before" }, text, list), options: () => ({}) };
}

type Effort = "usual" | "quick" | "thorough";

const EFFORTS: Readonly<
  Record<Effort, { readonly says: string; readonly options: Record<string, unknown> }>
> = {
  quick: {
    says: "100 pictures, 150 steps: a first look at what comes out.",
    options: { n_pictures: 100, n_steps: 150 },
  },
  usual: { says: "700 pictures, 600 steps. Some minutes on two processor cores.", options: {} },
  thorough: {
    says: "1200 pictures, 1400 steps and a second round: half an hour to an hour, for the best masks.",
    options: { n_pictures: 1200, n_steps: 1400, second_round: 0.2 },
  },
};

/** Distil: how much is to be done. */
export function beforeDistil(): Before {
  let effort: Effort = "usual";
  const says = el("p", { class: "note" }, EFFORTS[effort].says);
  const choice = segments<Effort>({
    label: "How much",
    options: [
      ["quick", "a quick look"],
      ["usual", "as usual"],
      ["thorough", "thorough"],
    ],
    change: (value) => {
      effort = value;
      setText(says, EFFORTS[effort].says);
    },
  });
  choice.set(effort);
  return {
    element: el("div", { class: "before narrow" }, choice.element, says),
    options: () => EFFORTS[effort].options,
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

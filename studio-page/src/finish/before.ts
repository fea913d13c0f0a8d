import { segments } from "../dom/controls";
import { el, setText } from "../dom/el";
import { icon } from "../dom/icons";
import type { DistilChoices } from "../server/types";
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

export type Effort = "usual" | "quick" | "thorough";

/** What "distil" is told for an effort, and what that comes to, in words, beside what the project does as usual. */
export function distilEffort(
  effort: Effort,
  usual: DistilChoices,
): { readonly says: string; readonly options: Partial<DistilChoices> } {
  const options: Readonly<Record<Effort, Partial<DistilChoices>>> = {
    quick: { n_pictures: Math.min(100, usual.n_pictures), n_steps: Math.min(150, usual.n_steps) },
    usual: {},
    thorough: {
      n_pictures: Math.max(1200, usual.n_pictures),
      n_steps: Math.max(1400, usual.n_steps),
      second_round: Math.max(0.2, usual.second_round),
    },
  };
  const meaning: Readonly<Record<Effort, string>> = {
    quick: "a first look at what comes out.",
    usual: "some minutes on two processor cores.",
    thorough: "half an hour to an hour, for the best masks.",
  };
  const { n_pictures, n_steps, second_round } = { ...usual, ...options[effort] };
  const amount = `${n_pictures} pictures, ${n_steps} steps${second_round > 0 ? " and a second round" : ""}`;
  return { says: `${amount}: ${meaning[effort]}`, options: options[effort] };
}

/** Distil: how much is to be done. */
export function beforeDistil(studio: Studio): Before {
  let effort: Effort = "usual";
  const chosen = (): ReturnType<typeof distilEffort> | undefined => {
    const usual = studio.store.get().server?.distil;
    return usual && distilEffort(effort, usual);
  };
  const says = el("p", { class: "note" });
  const show = (): void => setText(says, chosen()?.says ?? "");
  const choice = segments<Effort>({
    label: "How much",
    options: [
      ["quick", "a quick look"],
      ["usual", "as usual"],
      ["thorough", "thorough"],
    ],
    change: (value) => {
      effort = value;
      show();
    },
  });
  choice.set(effort);
  studio.store.watch((state) => state.server?.distil, show);
  return {
    element: el("div", { class: "before narrow" }, choice.element, says),
    options: () => ({ ...chosen()?.options }),
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

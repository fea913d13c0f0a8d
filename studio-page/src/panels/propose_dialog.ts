import { dialog, segments, slider } from "../dom/controls";
import { el, setText } from "../dom/el";
import { propose, type Wish } from "../studio/pictures";
import type { Studio } from "../studio/studio";
import { capital, labelsPhotos, one } from "../studio/words";

const ABOUT: Readonly<Record<Wish["kind"], string>> = {
  representative: "that stand for many others. Good to begin with.",
  unsure: "on which the segmenter is most unsure, each of another kind. Good once a few are painted.",
  another: "at random.",
};

/** A window that asks which pictures to propose. */
export function openPropose(studio: Studio): void {
  const isPhotos = labelsPhotos(studio.store.get());
  const words = `${capital(one(studio.store.get()))}s`;
  const tell = (): void => setText(about, `${words} ${ABOUT[kind]}`);
  let kind: Wish["kind"] = studio.store.get().predicted ? "unsure" : "representative";
  let n = 4;
  let low = 0.5;
  let high = 1;
  const about = el("p", { class: "note" });
  const which = segments<Wish["kind"]>({
    label: "Which",
    options: [
      ["representative", "representative"],
      ["unsure", "unsure"],
      ["another", "random"],
    ],
    change: (value) => {
      kind = value;
      tell();
    },
  });
  const count = slider({
    label: "How many",
    min: 1,
    max: 24,
    format: String,
    change: (value) => (n = value),
  });
  const share = (value: number): string => (value / 100).toFixed(2);
  const from = slider({
    label: "Truncation from",
    min: 0,
    max: 120,
    step: 5,
    format: share,
    hint: "0 is the generator’s mean picture, 1 all that it can make. Lower is more usual.",
    change: (value) => {
      low = value / 100;
      if (low > high) to.set((high = low) * 100);
    },
  });
  const to = slider({
    label: "to",
    min: 0,
    max: 120,
    step: 5,
    format: share,
    change: (value) => {
      high = value / 100;
      if (high < low) from.set((low = high) * 100);
    },
  });
  which.set(kind);
  tell();
  count.set(n);
  from.set(low * 100);
  to.set(high * 100);
  const form = el(
    "form",
    { class: "form", attrs: { method: "dialog" } },
    which.element,
    about,
    count.element,
    ...(isPhotos
      ? []
      : [
          el("div", { class: "form-row" }, from.element, to.element),
          el("p", { class: "note" }, "Low truncation makes usual pictures, high truncation rare ones."),
        ]),
    el(
      "div",
      { class: "form-buttons" },
      el("button", { class: "button primary", attrs: { type: "submit" } }, "Propose"),
    ),
  );
  const window = dialog(`Propose more ${words.toLowerCase()}`, "narrow", form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    window.close();
    void propose(studio, { kind, n, truncation: isPhotos ? null : [low, high] });
  });
  window.showModal();
}

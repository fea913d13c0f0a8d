import { button } from "../dom/controls";
import { el, show } from "../dom/el";
import type { Studio } from "../studio/studio";

/** Three lines for the first time. */
export function hint(studio: Studio): HTMLElement {
  const element = el(
    "aside",
    { class: "hint", attrs: { "aria-label": "How it goes" } },
    el(
      "ol",
      {},
      el(
        "li",
        {},
        el("strong", {}, "Scribble. "),
        "Choose a part on the right and draw a few strokes on it; leave the rest.",
      ),
      el(
        "li",
        {},
        el("strong", {}, "Watch. "),
        "After the second part, this one and all others follow every stroke.",
      ),
      el(
        "li",
        {},
        el("strong", {}, "Correct. "),
        "Paint where it errs; when it is right, press Finish to make your network.",
      ),
    ),
    button({
      label: "Got it",
      text: true,
      class: "small",
      press: () => studio.store.set({ showHint: false }),
    }),
  );
  studio.store.watch(
    (state) => state.showHint && state.open?.state === "ready" && state.lookAt === null,
    (isShown) => show(element, isShown),
  );
  return element;
}

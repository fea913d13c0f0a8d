import { button } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { propose } from "../studio/pictures";
import { figuresNote, figureText } from "../studio/quality";
import type { Studio } from "../studio/studio";
import { one } from "../studio/words";

/** How good the segmenter is on each part: beside the names of the list, and below it what may be labelled next. */
export function qualityPanel(studio: Studio, list: HTMLElement): HTMLElement {
  const note = el("p", { class: "note" });
  const worst = el("span", { class: "worst-part" });
  const next = button({
    label: "Propose one for it",
    text: true,
    class: "small",
    press: () => {
      const part = studio.store.get().server?.quality?.worst;
      if (part) void propose(studio, { kind: "unsure", n: 1, truncation: null, part });
    },
  });
  const line = el("p", { class: "worst" }, el("span", {}, "Worst: ", worst), next);
  const panel = el("div", { class: "quality", attrs: { role: "status" } }, line, note);
  const tell = (): void => {
    const { server } = studio.store.get();
    const quality = server?.quality ?? null;
    const byName = new Map(quality?.parts.map((part) => [part.part, part]));
    for (const row of list.querySelectorAll<HTMLElement>(".part")) {
      const figure = row.querySelector<HTMLElement>(".part-figure")!;
      const own = byName.get(row.dataset["name"] ?? "");
      show(figure, own !== undefined);
      setText(figure, own ? figureText(own) : "");
      figure.title = own?.says ?? "";
      figure.classList.toggle("is-worst", own !== undefined && own.part === quality?.worst);
    }
    show(panel, quality !== null);
    show(line, Boolean(quality?.worst));
    setText(worst, quality?.worst ?? "");
    next.title = `Propose the ${one(studio.store.get())} on which the segmenter is least sure of ${quality?.worst}`;
    next.disabled = Boolean(server?.proposing);
    setText(note, quality ? figuresNote(quality, one(studio.store.get())) : "");
  };
  studio.store.watch((state) => [state.server?.parts, state.server?.quality, state.server?.proposing], tell);
  return panel;
}

import { button, setIcon } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { icon, mark } from "../dom/icons";
import type { AppState, Page } from "../studio/state";
import type { Studio } from "../studio/studio";

export interface TopbarActions {
  readonly help: () => void;
  readonly importLabels: () => void;
  readonly exportLabels: () => void;
  readonly theme: () => void;
}

const THEMES = {
  auto: { icon: "auto", says: "Colours as the system has them" },
  dark: { icon: "moon", says: "Dark" },
  light: { icon: "sun", says: "Light" },
} as const;

/** Name, the two pages, what is next, whether all is saved. */
export function topbar(studio: Studio, actions: TopbarActions): HTMLElement {
  const name = el("span", { class: "project-name" });
  const next = el("p", { class: "next-step" });
  const theme = button({ label: "Colours", class: "quiet", icon: "auto", press: actions.theme });
  studio.store.watch(
    (state) => state.server?.project,
    (project) => {
      setText(name, project?.name ?? "");
      const source =
        project?.labels === "photos" ? `photos ${project.photos}` : `generator ${project?.generator}`;
      name.title = project ? `${project.folder}, ${source}` : "";
      document.title = project ? `${project.name} · Partly` : "Partly";
    },
  );
  studio.store.watch(nextStep, (text) => {
    setText(next, text);
    next.title = text;
  });
  studio.store.watch(
    (state) => state.theme,
    (chosen) => {
      setIcon(theme, THEMES[chosen].icon);
      theme.title = `${THEMES[chosen].says}. Press to change (Shift D)`;
      theme.setAttribute("aria-label", `Colours: ${THEMES[chosen].says}`);
    },
  );
  return el(
    "header",
    { class: "topbar" },
    el("div", { class: "brand" }, mark(), el("h1", {}, "Partly"), name),
    pages(studio),
    next,
    savedSign(studio),
    el(
      "div",
      { class: "topbar-buttons" },
      button({
        label: "Import labels",
        hint: "Take labels of another program",
        icon: "upload",
        class: "quiet",
        press: actions.importLabels,
      }),
      button({
        label: "Export labels",
        hint: "Labels for LabelMe, COCO, CVAT, YOLO, Label Studio and others",
        icon: "download",
        class: "quiet",
        press: actions.exportLabels,
      }),
      theme,
      button({ label: "Help", hint: "Keys and help (?)", icon: "help", class: "quiet", press: actions.help }),
    ),
  );
}

function pages(studio: Studio): HTMLElement {
  const tab = (page: Page, text: string): HTMLElement => {
    const element = el(
      "button",
      { class: "page-tab", attrs: { type: "button" }, on: { click: () => studio.store.set({ page }) } },
      text,
    );
    studio.store.watch(
      (state) => state.page === page,
      (isHere) => {
        if (isHere) element.setAttribute("aria-current", "page");
        else element.removeAttribute("aria-current");
      },
    );
    return element;
  };
  return el(
    "nav",
    { class: "pages", attrs: { "aria-label": "Pages" } },
    tab("label", "Label"),
    tab("finish", "Finish"),
  );
}

function savedSign(studio: Studio): HTMLElement {
  const text = el("span", {});
  const element = el("p", { class: "saved", attrs: { role: "status" } }, icon("check"), text);
  studio.store.watch(
    (state) => [state.waiting, state.connection, state.open?.state] as const,
    ([waiting, connection, open]) => {
      const isLate = waiting > 0 && connection !== "online";
      element.classList.toggle("late", isLate);
      element.classList.toggle("busy", waiting > 0);
      show(element, open === "ready");
      setText(text, waiting === 0 ? "Saved" : isLate ? `${waiting} to save` : "Saving");
    },
  );
  return element;
}

function nextStep(state: Readonly<AppState>): string {
  if (state.connection !== "online") return "";
  return state.server?.next_step ?? "";
}

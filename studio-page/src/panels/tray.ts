import { button, progressBar, select } from "../dom/controls";
import { el, setRatio, setText, show } from "../dom/el";
import { icon } from "../dom/icons";
import type { Picture } from "../server/types";
import { openPicture, propose, trayOrder, unskipAll } from "../studio/pictures";
import { openIdOf, type AppState } from "../studio/state";
import type { Studio } from "../studio/studio";
import { capital, labelsPhotos, one } from "../studio/words";

export const REASONS: Readonly<Record<Picture["reason"], string>> = {
  representative: "stands for many",
  unsure: "hard to tell",
  yours: "yours",
  asked: "asked for",
};
const STATUS = { new: "not painted yet", painted: "painted", accepted: "accepted" } as const;
const THUMBNAIL_PX = 192;

export interface TrayActions {
  readonly proposeMore: () => void;
  readonly choosePhoto: () => void;
  readonly tryPhoto: (photo: File) => void;
}

/** The pictures to label. */
export function tray(studio: Studio, actions: TrayActions): HTMLElement {
  const list = el("ul", { class: "tray-list" });
  const title = el("h2", {});
  const items = new Map<string, TrayItem>();
  const skipped = button({
    label: "Skipped",
    text: true,
    class: "quiet small",
    press: () => void unskipAll(studio),
  });
  const draw = (state: Readonly<AppState>): void => {
    const pictures = state.server?.pictures ?? [];
    const order = trayOrder(pictures, state.sort);
    for (const [id, item] of items) if (!order.some((picture) => picture.id === id)) remove(items, id, item);
    order.forEach((picture, place) => {
      let item = items.get(picture.id);
      if (!item) items.set(picture.id, (item = trayItem(studio, picture.id)));
      item.update(picture, place + 1, picture.id === openIdOf(state));
      if (list.children[place] !== item.element)
        list.insertBefore(item.element, list.children[place] ?? null);
    });
    const nSkipped = pictures.filter((picture) => picture.skipped).length;
    show(skipped, nSkipped > 0);
    setText(skipped, `${nSkipped} skipped: show`);
  };
  studio.store.watch(
    (state) => [state.server?.pictures, state.sort, openIdOf(state)],
    () => draw(studio.store.get()),
  );
  const element = el(
    "aside",
    { class: "tray" },
    el("header", { class: "panel-head" }, title, sorting(studio)),
    list,
    reading(studio),
    proposing(studio),
    skipped,
    trayButtons(studio, actions),
  );
  studio.store.watch(labelsPhotos, () => {
    const word = capital(one(studio.store.get()));
    setText(title, `${word}s`);
    element.setAttribute("aria-label", `${word}s`);
    list.setAttribute("aria-label", `${word}s to label`);
  });
  return element;
}

/** Photos that are read in the background. */
function reading(studio: Studio): HTMLElement {
  const bar = progressBar("Reading photos");
  const text = el("p", { class: "note" });
  const element = el("div", { class: "proposing reading" }, text, bar.element);
  studio.store.watch(
    (state) => [state.server?.album?.features, state.server?.live.state, state.server?.proposing] as const,
    ([features, live, proposing]) => {
      const isLeft = features !== undefined && features.done < features.total;
      const isReading = isLeft && live !== "failed" && !proposing;
      show(element, isReading);
      if (!isReading) return;
      setText(text, `Reading photos: ${features.done} of ${features.total}`);
      bar.set(features.done / features.total);
    },
  );
  return element;
}

interface TrayItem {
  readonly element: HTMLElement;
  update(picture: Picture, place: number, isOpen: boolean): void;
}

function trayItem(studio: Studio, id: string): TrayItem {
  const image = el("img", {
    attrs: {
      src: studio.client.imageUrl(id, THUMBNAIL_PX),
      alt: "",
      loading: "lazy",
      decoding: "async",
      draggable: "false",
    },
  });
  const bar = el("span", { class: "painted-bar" });
  const pinned = el("span", { class: "badge pinned" }, icon("pin"));
  const accepted = el("span", { class: "badge accepted" }, icon("check"));
  const press = el(
    "button",
    { class: "tray-item", attrs: { type: "button" }, on: { click: () => void openPicture(studio, id) } },
    image,
    pinned,
    accepted,
    bar,
  );
  return {
    element: el("li", {}, press),
    update(picture, place, isOpen) {
      const share = Math.round(100 * picture.labelled_share);
      setRatio(press, picture.width_px, picture.height_px);
      const painted = picture.status === "new" ? STATUS.new : `${STATUS[picture.status]}, ${share} % of it`;
      const word = capital(one(studio.store.get()));
      press.setAttribute("aria-label", `${word} ${place}, ${REASONS[picture.reason]}, ${painted}`);
      press.title = `${picture.name}: ${REASONS[picture.reason]}, ${painted}`;
      bar.style.setProperty("--share", String(picture.labelled_share));
      show(bar, picture.labelled_share > 0);
      show(pinned, picture.pinned);
      show(accepted, picture.status === "accepted");
      if (isOpen && press.getAttribute("aria-current") !== "true") {
        press.setAttribute("aria-current", "true");
        press.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else if (!isOpen) press.removeAttribute("aria-current");
    },
  };
}

function remove(items: Map<string, TrayItem>, id: string, item: TrayItem): void {
  item.element.remove();
  items.delete(id);
}

function sorting(studio: Studio): HTMLElement {
  const { element, input } = select<AppState["sort"]>({
    label: "Order of the pictures",
    hideLabel: true,
    options: [
      ["proposed", "as proposed"],
      ["unsure", "most unsure first"],
      ["painted", "least painted first"],
      ["name", "by name"],
    ],
    change: (sort) => studio.store.set({ sort }),
  });
  input.value = studio.store.get().sort;
  return element;
}

function proposing(studio: Studio): HTMLElement {
  const bar = progressBar("Choosing pictures");
  const text = el("p", { class: "note" });
  const element = el("div", { class: "proposing" }, text, bar.element);
  studio.store.watch(
    (state) => [state.server?.proposing, state.server?.pictures.length] as const,
    ([now, nPictures]) => {
      show(element, Boolean(now) || nPictures === 0);
      show(bar.element, Boolean(now));
      const word = one(studio.store.get());
      setText(text, now ? `Choosing ${word}s …` : `No ${word}s yet. Press “Another”.`);
      bar.set(now && now.total > 0 ? now.done / now.total : null);
    },
  );
  return element;
}

function trayButtons(studio: Studio, actions: TrayActions): HTMLElement {
  const file = el("input", {
    class: "visually-hidden",
    attrs: { type: "file", accept: "image/*", tabindex: -1, "aria-label": "Photo to try" },
  });
  file.addEventListener("change", () => {
    const photo = file.files?.[0];
    file.value = "";
    if (photo) actions.tryPhoto(photo);
  });
  const trying = button({
    label: "Try a photo",
    text: "Photo …",
    icon: "photo",
    hint: "See what the network makes of a photo of yours. Dropping one on the page does the same.",
    press: () => file.click(),
  });
  const choosing = button({
    label: "Choose a photo",
    text: "Choose …",
    icon: "photo",
    hint: "A certain photo of the folder, by its name, or one from elsewhere (Shift T)",
    press: actions.choosePhoto,
  });
  studio.store.watch(labelsPhotos, (isPhotos) => {
    show(choosing, isPhotos);
    show(trying, !isPhotos);
  });
  return el(
    "div",
    { class: "tray-buttons" },
    button({
      label: "Another",
      text: true,
      icon: "plus",
      hint: "One more, at random (T)",
      press: () => void another(studio),
    }),
    button({
      label: "More …",
      text: "More …",
      hint: "Propose more",
      class: "propose-more",
      press: actions.proposeMore,
    }),
    choosing,
    trying,
    file,
  );
}

export function another(studio: Studio): Promise<void> {
  return propose(studio, { kind: "another", n: 1, truncation: null });
}

import { button, dialog } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import type { AlbumPage, AlbumPhoto } from "../server/types";
import { addPhotosToPaint, openPhoto } from "../studio/album";
import { attempt, type Studio } from "../studio/studio";

const PAGE = 60;
const THUMBNAIL_PX = 192;
const PAUSE_MS = 180;

/** A window with the photos of the project, by name, of which one is opened to be painted. */
export function openAlbum(studio: Studio): void {
  const search = el("input", {
    attrs: { type: "search", placeholder: "part of a name", "aria-label": "Look for photos by name" },
  });
  const found = el("p", { class: "note album-found", attrs: { role: "status" } });
  const grid = el("ul", { class: "album-grid", attrs: { "aria-label": "Photos" } });
  const before = button({ label: "Photos before", icon: "left", class: "quiet", press: () => void turn(-1) });
  const next = button({ label: "Next photos", icon: "right", class: "quiet", press: () => void turn(1) });
  const file = el("input", {
    class: "visually-hidden",
    attrs: { type: "file", accept: "image/*", multiple: true, tabindex: -1, "aria-label": "Photos to add" },
  });
  const add = button({
    label: "Add a photo",
    text: "Add …",
    icon: "plus",
    hint: "A photo from elsewhere: it is kept in the project. Dropping one on the page does the same.",
    press: () => file.click(),
  });
  let offset = 0;
  let asked = 0;
  const load = async (): Promise<void> => {
    const mine = ++asked;
    const page = await attempt(studio, () => studio.client.album(search.value, offset, PAGE));
    if (page && mine === asked) draw(page);
  };
  const turn = (by: 1 | -1): Promise<void> => {
    offset = Math.max(0, offset + by * PAGE);
    return load();
  };
  const draw = (page: AlbumPage): void => {
    const { n_found: n, photos } = page;
    const last = offset + photos.length;
    const range = n > photos.length ? `${offset + 1} to ${last} of ${n.toLocaleString("en")}` : `${n}`;
    setText(found, n === 0 ? "No photo has such a name." : `${range} ${n === 1 ? "photo" : "photos"}`);
    show(before, n > PAGE);
    show(next, n > PAGE);
    before.disabled = offset === 0;
    next.disabled = last >= n;
    grid.replaceChildren(...photos.map((photo) => item(studio, photo, choose)));
    grid.scrollTop = 0;
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    offset = 0;
    timer = setTimeout(() => void load(), PAUSE_MS);
  });
  file.addEventListener("change", () => {
    const files = [...(file.files ?? [])];
    file.value = "";
    window.close();
    void addPhotosToPaint(studio, files);
  });
  const field = el("div", { class: "field" }, search);
  const head = el("div", { class: "album-head" }, field, found, before, next, add, file);
  const window = dialog("Choose a photo to paint", "album", head, grid);
  const choose = (name: string): void => {
    window.close();
    void openPhoto(studio, name);
  };
  window.showModal();
  void load();
}

function item(studio: Studio, photo: AlbumPhoto, choose: (name: string) => void): HTMLElement {
  const { name, picture, problem } = photo;
  const image = el("img", {
    attrs: {
      src: studio.client.albumImageUrl(name, THUMBNAIL_PX),
      alt: "",
      loading: "lazy",
      decoding: "async",
      draggable: "false",
    },
  });
  image.addEventListener("error", () => image.classList.add("missing"));
  const press = el(
    "button",
    {
      class: "album-item",
      attrs: {
        type: "button",
        disabled: problem !== null,
        title: problem ?? name,
        "aria-label": picture ? `${name}, among your photos` : name,
      },
      on: { click: () => choose(name) },
    },
    el("span", { class: "album-picture" }, image),
    el("span", { class: "album-name" }, name),
  );
  press.classList.toggle("in-tray", picture !== null);
  return el("li", {}, press);
}

import { button } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { dismiss, type Studio } from "../studio/studio";

/** What the person should know, over the picture. */
export function messages(studio: Studio): HTMLElement {
  return el("div", { class: "messages" }, banner(studio), notices(studio));
}

/** Short messages. */
function notices(studio: Studio): HTMLElement {
  const element = el("div", { class: "notices", attrs: { role: "status", "aria-live": "polite" } });
  const shown = new Map<number, HTMLElement>();
  studio.store.watch(
    (state) => state.notices,
    (list) => {
      for (const [id, item] of shown) {
        if (list.some((notice) => notice.id === id)) continue;
        item.remove();
        shown.delete(id);
      }
      for (const notice of list) {
        if (shown.has(notice.id)) continue;
        const item = el(
          "div",
          { class: `notice ${notice.tone}` },
          el("p", {}, notice.text),
          button({
            label: "Close this message",
            icon: "close",
            class: "quiet small",
            press: () => dismiss(studio, notice.id),
          }),
        );
        shown.set(notice.id, item);
        element.append(item);
      }
    },
  );
  return element;
}

/** The server is gone: what that means, and what to do. */
function banner(studio: Studio): HTMLElement {
  const text = el("p", {});
  const element = el("div", { class: "banner", attrs: { role: "alert" } }, text);
  studio.store.watch(
    (state) => [state.connection, state.waiting] as const,
    ([connection, waiting]) => {
      show(element, connection === "lost" || connection === "closed");
      const kept =
        waiting === 0 ? "" : waiting === 1 ? " One stroke waits here." : ` ${waiting} strokes wait here.`;
      setText(
        text,
        connection === "closed"
          ? `The studio was closed in the terminal. Start “partly label” again and go on.${kept}`
          : `The studio’s server does not answer. Paint on: your strokes are kept in this browser and saved when it is back.${kept}`,
      );
    },
  );
  return element;
}

import { commandFor, partOf, type Command, type Press } from "./keymap";

export interface KeyActions {
  readonly command: (command: Command) => void;
  readonly part: (id: number) => void;
  readonly space: (isHeld: boolean) => void;
  /** Whether the space bar is meant for the picture, also while a button has the focus. */
  readonly isOverPicture: () => boolean;
}

/** Listens to keys anywhere on the page, but for those that a field or an open window needs itself. */
export function listenToKeys(actions: KeyActions): void {
  let isSpaceHeld = false;
  window.addEventListener("keydown", (event) => {
    if (
      event.defaultPrevented ||
      event.altKey ||
      isTyping(event.target) ||
      document.querySelector("dialog[open]")
    )
      return;
    if (event.key === " " && (actions.isOverPicture() || !isPressable(event.target))) {
      event.preventDefault();
      isSpaceHeld = true;
      if (!event.repeat) actions.space(true);
      return;
    }
    const press: Press = { key: event.key, ctrl: event.ctrlKey || event.metaKey, shift: event.shiftKey };
    if (isAdjusting(event.target, press)) return;
    const part = partOf(press);
    const command = part === null ? commandFor(press) : null;
    if (part !== null) actions.part(part);
    else if (command) actions.command(command);
    else return;
    event.preventDefault();
  });
  window.addEventListener("keyup", (event) => {
    if (event.key !== " " || !isSpaceHeld) return;
    event.preventDefault(); // Or it would press the button that has the focus.
    isSpaceHeld = false;
    actions.space(false);
  });
  window.addEventListener("blur", () => {
    isSpaceHeld = false;
    actions.space(false);
  });
}

/** Text fields take all keys. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !["range", "checkbox", "radio", "file"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

function isPressable(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a, input, select, label") !== null;
}

/** Sliders move by Home, End and Page keys, which mean something else elsewhere. */
function isAdjusting(target: EventTarget | null, press: Press): boolean {
  const isRange = target instanceof HTMLInputElement && target.type === "range";
  return isRange && ["Home", "End", "PageUp", "PageDown", "ArrowLeft", "ArrowRight"].includes(press.key);
}

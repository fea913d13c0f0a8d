/** All keys of the studio, as data: what is pressed, what it does, and how the help says it. */

export type Command =
  | "tool.brush"
  | "tool.eraser"
  | "tool.line"
  | "tool.polygon"
  | "tool.fill"
  | "tool.wand"
  | "tool.pan"
  | "size.down"
  | "size.up"
  | "hardness.down"
  | "hardness.up"
  | "part.previous"
  | "part.next"
  | "part.last"
  | "part.hide"
  | "part.lock"
  | "part.edit"
  | "part.add"
  | "undo"
  | "redo"
  | "accept"
  | "accept.all"
  | "view.painted"
  | "view.prediction"
  | "view.doubt"
  | "view.picture"
  | "zoom.in"
  | "zoom.out"
  | "zoom.fit"
  | "zoom.actual"
  | "picture.next"
  | "picture.previous"
  | "picture.pin"
  | "picture.skip"
  | "picture.another"
  | "picture.choose"
  | "pages.toggle"
  | "help"
  | "escape"
  | "theme";

export interface Binding {
  /** As `KeyboardEvent.key`, lower case, with `Ctrl+` and `Shift+` before it where they must be held. */
  readonly keys: readonly string[];
  readonly command: Command;
  readonly does: string;
  readonly group: "Tools" | "Parts" | "Painting" | "Looking" | "Pictures" | "Studio";
}

export const BINDINGS: readonly Binding[] = [
  { keys: ["b"], command: "tool.brush", does: "Brush", group: "Tools" },
  { keys: ["e"], command: "tool.eraser", does: "Eraser", group: "Tools" },
  { keys: ["l"], command: "tool.line", does: "Line", group: "Tools" },
  { keys: ["g"], command: "tool.polygon", does: "Polygon", group: "Tools" },
  { keys: ["f"], command: "tool.fill", does: "Fill", group: "Tools" },
  { keys: ["w"], command: "tool.wand", does: "Magic wand", group: "Tools" },
  { keys: ["m"], command: "tool.pan", does: "Move the picture", group: "Tools" },
  { keys: ["["], command: "size.down", does: "Smaller", group: "Tools" },
  { keys: ["]"], command: "size.up", does: "Larger", group: "Tools" },
  { keys: ["Shift+{", "{"], command: "hardness.down", does: "Softer", group: "Tools" },
  { keys: ["Shift+}", "}"], command: "hardness.up", does: "Harder", group: "Tools" },
  { keys: [","], command: "part.previous", does: "Part before", group: "Parts" },
  { keys: ["."], command: "part.next", does: "Part after", group: "Parts" },
  { keys: ["x"], command: "part.last", does: "Back to the last part", group: "Parts" },
  { keys: ["h"], command: "part.hide", does: "Hide or show it", group: "Parts" },
  { keys: ["k"], command: "part.lock", does: "Lock or unlock it", group: "Parts" },
  { keys: ["r"], command: "part.edit", does: "Rename, recolour, merge …", group: "Parts" },
  { keys: ["Shift+r"], command: "part.add", does: "Add a part", group: "Parts" },
  { keys: ["Ctrl+z"], command: "undo", does: "Undo", group: "Painting" },
  { keys: ["Ctrl+Shift+z", "Ctrl+y"], command: "redo", does: "Redo", group: "Painting" },
  {
    keys: ["a"],
    command: "accept",
    does: "Accept the prediction where nothing is painted",
    group: "Painting",
  },
  { keys: ["Shift+a"], command: "accept.all", does: "Accept it everywhere", group: "Painting" },
  { keys: ["1 … 9"], command: "part.next", does: "Choose a part; 0 is the background", group: "Parts" },
  { keys: ["o"], command: "view.painted", does: "What is painted, on or off", group: "Looking" },
  { keys: ["v"], command: "view.prediction", does: "Prediction on or off", group: "Looking" },
  { keys: ["d"], command: "view.doubt", does: "Doubt on or off", group: "Looking" },
  { keys: ["c"], command: "view.picture", does: "The picture alone", group: "Looking" },
  { keys: ["+", "="], command: "zoom.in", does: "Zoom in", group: "Looking" },
  { keys: ["-"], command: "zoom.out", does: "Zoom out", group: "Looking" },
  { keys: ["home"], command: "zoom.fit", does: "Fit into the window", group: "Looking" },
  { keys: ["end"], command: "zoom.actual", does: "One pixel for one", group: "Looking" },
  { keys: ["pagedown", "n"], command: "picture.next", does: "Next picture", group: "Pictures" },
  { keys: ["pageup", "Shift+n"], command: "picture.previous", does: "Picture before", group: "Pictures" },
  { keys: ["p"], command: "picture.pin", does: "Pin it", group: "Pictures" },
  { keys: ["s"], command: "picture.skip", does: "Skip it", group: "Pictures" },
  { keys: ["t"], command: "picture.another", does: "Another picture", group: "Pictures" },
  { keys: ["Shift+t"], command: "picture.choose", does: "A certain photo", group: "Pictures" },
  { keys: ["tab"], command: "pages.toggle", does: "All controls in turn", group: "Studio" },
  { keys: ["`", "Ctrl+enter"], command: "pages.toggle", does: "Between label and finish", group: "Studio" },
  { keys: ["Shift+d"], command: "theme", does: "Dark or light", group: "Studio" },
  { keys: ["Shift+?", "?"], command: "help", does: "This page", group: "Studio" },
  { keys: ["escape"], command: "escape", does: "Close, or drop what is not finished", group: "Studio" },
];

export interface Press {
  readonly key: string;
  readonly ctrl: boolean;
  readonly shift: boolean;
}

/** What a key does; null: nothing. Digits choose parts: see {@link partOf}. */
export function commandFor(press: Press): Command | null {
  const name = keyName(press);
  return BINDINGS.find((binding) => binding.keys.includes(name))?.command ?? null;
}

/** The part that a digit chooses; null for other keys. */
export function partOf(press: Press): number | null {
  return !press.ctrl && /^[0-9]$/.test(press.key) ? Number(press.key) : null;
}

export function keyName(press: Press): string {
  return `${press.ctrl ? "Ctrl+" : ""}${press.shift ? "Shift+" : ""}${press.key.toLowerCase()}`;
}

/** How a key is written in the help. */
export function keyCaption(name: string): string {
  const captions: Record<string, string> = {
    escape: "Esc",
    home: "Home",
    end: "End",
    pagedown: "Page ↓",
    pageup: "Page ↑",
    enter: "Enter",
    tab: "Tab",
  };
  return name
    .split("+")
    .filter((piece, place, all) => piece !== "" || place === all.length - 1)
    .map(
      (piece) => captions[piece] ?? (piece === "" ? "+" : piece.length === 1 ? piece.toUpperCase() : piece),
    )
    .join(" ");
}

/** Keys on the canvas that are not in the table: they paint without a pointer. */
export const CANVAS_KEYS: readonly { keys: string; does: string }[] = [
  { keys: "← ↑ → ↓", does: "Move the pointer by a pixel; with Shift by ten" },
  { keys: "Enter", does: "Put the tool down or lift it; a corner of a polygon" },
  { keys: "Shift Enter", does: "Close the polygon (without the cross: Enter)" },
  { keys: "Backspace", does: "Take back a polygon's last corner" },
  { keys: "Space, or middle button", does: "Hold and drag to move the picture" },
  { keys: "Wheel, or two fingers", does: "Zoom" },
];

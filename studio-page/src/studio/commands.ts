import type { Easel } from "../canvas/easel";
import type { Pointers } from "../canvas/pointers";
import type { KeyboardPointer } from "../canvas/keyboard_pointer";
import type { PolygonTool } from "../canvas/polygon_tool";
import type { Command } from "../keyboard/keymap";
import { openAlbum } from "../panels/album_dialog";
import { openHelp } from "../panels/help";
import { stepLook } from "../panels/look";
import { openAddPart, openEditPart } from "../panels/part_dialog";
import { toggleLayer, togglePictureAlone } from "../panels/layers_bar";
import { stepHardness, stepSize } from "../panels/tools";
import { another } from "../panels/tray";
import { accept, redo, undo } from "./painting";
import { chooseLastPart, stepPart, toggle } from "./parts";
import { onOpen, skip, step, togglePin } from "./pictures";
import { partId, type ToolName } from "./state";
import type { Studio } from "./studio";
import { labelsPhotos } from "./words";

/** What the commands of the keyboard work on, besides the studio. */
export interface Hands {
  readonly easel: Easel;
  readonly pointers: Pointers;
  readonly keyboard: KeyboardPointer;
  readonly polygon: PolygonTool;
  readonly theme: () => void;
}

/** Does what a key means. */
export function runCommand(studio: Studio, hands: Hands, command: Command): void {
  const isPainting = hands.pointers.isPainting || hands.keyboard.isDown;
  if (isPainting && command !== "escape") return;
  if (studio.store.get().page === "finish" && !WORKS_EVERYWHERE.has(command)) return;
  const tool = /^tool\.(.*)$/.exec(command)?.[1];
  if (tool) studio.store.set({ tool: tool as ToolName });
  else actions(studio, hands)[command]?.();
}

const WORKS_EVERYWHERE: ReadonlySet<Command> = new Set(["pages.toggle", "help", "theme", "escape"]);

function actions(studio: Studio, hands: Hands): Partial<Record<Command, () => void>> {
  const { store } = studio;
  const { easel } = hands;
  const onPart = (action: (name: string) => void) => (): void => {
    const part = store.get().server?.parts[partId(store.get())];
    if (part) action(part.name);
  };
  const turn = (by: 1 | -1) => (): void =>
    store.get().lookAt === null ? step(studio, by) : stepLook(studio, by);
  return {
    "size.down": () => stepSize(studio, -1),
    "size.up": () => stepSize(studio, 1),
    "hardness.down": () => stepHardness(studio, -1),
    "hardness.up": () => stepHardness(studio, 1),
    "part.previous": () => stepPart(studio, -1),
    "part.next": () => stepPart(studio, 1),
    "part.last": () => chooseLastPart(studio),
    "part.hide": onPart((name) => toggle(studio, "hidden", name)),
    "part.lock": onPart((name) => toggle(studio, "locked", name)),
    "part.edit": onPart((name) => openEditPart(studio, name)),
    "part.add": () => openAddPart(studio),
    undo: () => void undo(studio),
    redo: () => void redo(studio),
    accept: () => void accept(studio, true),
    "accept.all": () => void accept(studio, false),
    "view.painted": () => toggleLayer(studio, "painted"),
    "view.prediction": () => toggleLayer(studio, "prediction"),
    "view.doubt": () => toggleLayer(studio, "doubt"),
    "view.picture": () => togglePictureAlone(studio),
    "zoom.in": () => easel.zoom(1.4),
    "zoom.out": () => easel.zoom(1 / 1.4),
    "zoom.fit": () => easel.fit(),
    "zoom.actual": () => easel.actual(),
    "picture.next": turn(1),
    "picture.previous": turn(-1),
    "picture.pin": () => onOpen(studio, togglePin),
    "picture.skip": () => onOpen(studio, skip),
    "picture.another": () => void another(studio),
    "picture.choose": () => {
      if (labelsPhotos(store.get())) openAlbum(studio);
    },
    "pages.toggle": () => store.set({ page: store.get().page === "label" ? "finish" : "label" }),
    help: openHelp,
    theme: hands.theme,
    escape: () => escape(studio, hands),
  };
}

/** The innermost thing that is open: a stroke, a polygon, a picture of the wall, the finish page. */
function escape(studio: Studio, { pointers, keyboard, polygon }: Hands): void {
  const state = studio.store.get();
  if (pointers.isPainting || keyboard.isDown) {
    pointers.cancel();
    keyboard.cancel();
  } else if (polygon.isOpen) polygon.cancel();
  else if (state.lookAt !== null) studio.store.set({ lookAt: null });
  else if (state.page === "finish") studio.store.set({ page: "label" });
}

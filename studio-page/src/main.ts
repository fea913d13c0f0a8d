import "./styles/theme.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/stage.css";
import "./styles/panels.css";
import "./styles/finish.css";
import "./styles/dialogs.css";
import { Cursor } from "./canvas/cursor";
import { Easel } from "./canvas/easel";
import { KeyboardPointer } from "./canvas/keyboard_pointer";
import { showPictures } from "./canvas/picture_loader";
import { Pointers } from "./canvas/pointers";
import { PolygonTool } from "./canvas/polygon_tool";
import { BrushTool, FillTool, LineTool, WandTool, type Tool } from "./canvas/tools";
import { el, show } from "./dom/el";
import { finishPage } from "./finish/page";
import { listenToKeys } from "./keyboard/listen";
import { openAlbum } from "./panels/album_dialog";
import { openHelp } from "./panels/help";
import { openExport, openImport } from "./panels/label_dialogs";
import { messages } from "./panels/notices";
import { openAddPart, openEditPart } from "./panels/part_dialog";
import { partsPanel } from "./panels/parts";
import { openPropose } from "./panels/propose_dialog";
import { stage } from "./panels/stage";
import { firstSizePx, toolsPanel } from "./panels/tools";
import { topbar } from "./panels/topbar";
import { tray } from "./panels/tray";
import { wallPanel } from "./panels/wall";
import { Client } from "./server/client";
import { Events } from "./server/events";
import { Outbox } from "./server/outbox";
import { OutboxStore } from "./server/outbox_store";
import type { ServerState } from "./server/types";
import { addPhotosToPaint } from "./studio/album";
import { runCommand, type Hands } from "./studio/commands";
import { followServer } from "./studio/connection";
import { listenToDrops } from "./studio/drops";
import { sendStroke } from "./studio/painting";
import { choosePartAt } from "./studio/parts";
import { fetchSuperpixels } from "./studio/pictures";
import {
  loadProjectSettings,
  loadSettings,
  saveProjectSettings,
  saveSettings,
  type ProjectSettings,
} from "./studio/settings";
import { Sheet, WallSheet } from "./studio/sheet";
import { initialState, openSizeOf, partId, type AppState, type ToolName } from "./studio/state";
import { say, type Studio } from "./studio/studio";
import { isTabGone, takeTab } from "./studio/tab";
import { labelsPhotos } from "./studio/words";
import { Store } from "./store";

void start();

async function start(): Promise<void> {
  const tab = await takeTab();
  const store = new Store<AppState>(initialState(loadSettings()));
  const client = new Client(tab);
  const keeper = await OutboxStore.open(tab);
  const studio: Studio = {
    store,
    client,
    events: new Events(client.eventsUrl()),
    sheet: new Sheet(),
    wall: new WallSheet(),
    outbox: new Outbox({
      send: (item, again) => sendStroke(studio, item, again),
      keeper,
      onChange: ({ waiting, stalled }) => {
        store.set({ waiting });
        if (stalled && store.get().connection === "online") store.set({ connection: "lost" });
      },
      onRefused: (item, reason) => say(studio, `A stroke on ${item.picture} was not saved. ${reason}`, "bad"),
      later: (callback, ms) => setTimeout(callback, ms),
    }),
  };
  rememberLooks(store);
  const networkMade = build(studio);
  let picture: string | null = null;
  const arrived = async (): Promise<void> => {
    const { server } = store.get();
    if (!server || keeper.project) return;
    keeper.project = server.project.folder;
    ({ picture } = takeProjectSettings(store, server));
    rememberProject(store, server.project.folder);
    await sendWhatWasLeft(studio, keeper);
  };
  followServer(studio, arrived, () => picture, networkMade);
}

/** What this browser remembers of the project. */
function takeProjectSettings(store: Store<AppState>, server: ServerState): ProjectSettings {
  const kept = loadProjectSettings(server.project.folder);
  const { options } = store.get();
  store.set({
    hidden: new Set(kept.hidden),
    locked: new Set(kept.locked),
    partName: kept.part,
    options: { ...options, sizePx: kept.brushPx ?? options.sizePx },
  });
  if (kept.brushPx === null) chooseBrush(store);
  return kept;
}

/** A brush that fits the first picture, once that is there. */
function chooseBrush(store: Store<AppState>): void {
  let isChosen = false;
  store.watch(
    (state) => state.open?.server,
    () => {
      const size = openSizeOf(store.get());
      if (isChosen || !size) return;
      isChosen = true;
      store.set({ options: { ...store.get().options, sizePx: firstSizePx(size) } });
    },
  );
}

/** Strokes that an earlier page could not send. */
async function sendWhatWasLeft(studio: Studio, keeper: OutboxStore): Promise<void> {
  const left = await keeper.inherit(isTabGone);
  if (left.length === 0) return;
  for (const picture of new Set(left.map((item) => item.picture))) {
    await studio.client.open(picture, true).catch(() => null);
  }
  studio.outbox.adopt(left);
  say(
    studio,
    left.length === 1
      ? "A stroke of last time is being saved."
      : `${left.length} strokes of last time are being saved.`,
  );
}

function build(studio: Studio): () => void {
  const { store } = studio;
  const easel = new Easel(studio);
  const polygon = new PolygonTool(studio, easel);
  const tools: Record<ToolName, Tool | null> = {
    brush: new BrushTool(studio, "brush"),
    eraser: new BrushTool(studio, "eraser"),
    line: new LineTool(studio, easel.layers),
    polygon,
    fill: new FillTool(studio),
    wand: new WandTool(studio, easel.layers),
    pan: null,
  };
  const toolNow = (): Tool | null => tools[store.get().tool];
  const cursor = new Cursor(studio, easel);
  const pointers = new Pointers(studio, easel, toolNow, (at, type) =>
    cursor.point(type === "touch" ? null : at),
  );
  const keyboard = new KeyboardPointer(studio, easel, cursor, toolNow, polygon);
  const hands: Hands = { easel, pointers, keyboard, polygon, theme: () => nextTheme(store) };
  const finish = finishPage(studio);
  const tryPhoto = (photo: File): void => void finish.tryOut.photo(photo);
  const dropPhotos = (files: readonly File[]): void => {
    const { page, finishStep } = store.get();
    if (page === "label" && labelsPhotos(store.get())) {
      void addPhotosToPaint(studio, files);
      return;
    }
    if (files.length === 1 && !(page === "finish" && finishStep === "folder")) {
      tryPhoto(files[0]);
      return;
    }
    store.set({ page: "finish" });
    store.set({ finishStep: "folder" });
    void finish.addPhotos(files);
  };
  const label = el(
    "div",
    { class: "label" },
    tray(studio, {
      proposeMore: () => openPropose(studio),
      choosePhoto: () => openAlbum(studio),
      tryPhoto,
    }),
    stage(studio, easel),
    el(
      "aside",
      { class: "side", attrs: { "aria-label": "Tools and parts" } },
      toolsPanel(studio, polygon),
      partsPanel(studio, { add: () => openAddPart(studio), edit: (name) => openEditPart(studio, name) }),
    ),
    wallPanel(studio),
  );
  const bar = topbar(studio, {
    help: openHelp,
    importLabels: () => openImport(studio),
    exportLabels: () => openExport(studio),
    theme: hands.theme,
  });
  document.getElementById("studio")?.replaceChildren(bar, label, finish.element, messages(studio));
  showPictures(studio, easel);
  store.watch(
    (state) => state.page,
    (page) => {
      show(label, page === "label");
      show(finish.element, page === "finish");
    },
  );
  store.watch(
    (state) => state.tool,
    (tool) => {
      for (const name of ["line", "wand"] as const) if (name !== tool) tools[name]?.cancel();
      if (tool !== "polygon" && polygon.isOpen) polygon.cancel();
      if (tool === "polygon") void polygon.prepare();
      if (tool === "wand" && studio.sheet.id && !studio.sheet.superpixels) void fetchSuperpixels(studio);
    },
  );
  listenToKeys({
    command: (command) => runCommand(studio, hands, command),
    part: (id) => store.get().page === "label" && !pointers.isPainting && choosePartAt(studio, id),
    space: (isHeld) => pointers.setSpace(isHeld),
    isOverPicture: () => easel.element.matches(":hover"),
  });
  listenToDrops({ photos: dropPhotos, labels: (file) => openImport(studio, file) });
  return () => finish.tryOut.forget();
}

function nextTheme(store: Store<AppState>): void {
  const order = ["auto", "dark", "light"] as const;
  store.set({ theme: order[(order.indexOf(store.get().theme) + 1) % order.length] });
}

/** Keeps looks and tools in this browser. */
function rememberLooks(store: Store<AppState>): void {
  store.watch(
    (state) => state.theme,
    (theme) => {
      if (theme === "auto") delete document.documentElement.dataset["theme"];
      else document.documentElement.dataset["theme"] = theme;
    },
  );
  store.watch(
    (state) => [state.theme, state.showHint, state.sort, state.options, state.layers],
    () => saveSettings(store.get()),
  );
}

/** Keeps what belongs to the project. */
function rememberProject(store: Store<AppState>, folder: string): void {
  store.watch(
    (state) => [state.hidden, state.locked, state.open?.id, state.partName, state.options.sizePx],
    () => {
      const state = store.get();
      saveProjectSettings(folder, {
        hidden: [...state.hidden],
        locked: [...state.locked],
        picture: state.open?.id ?? loadProjectSettings(folder).picture,
        part: state.server?.parts[partId(state)]?.name ?? null,
        brushPx: state.options.sizePx,
      });
    },
  );
}

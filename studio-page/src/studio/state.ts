import type { Size } from "../painting/raster";
import type { Job, Opened, ServerState } from "../server/types";

export type Page = "label" | "finish";
export type ToolName = "brush" | "eraser" | "line" | "polygon" | "fill" | "wand" | "pan";
export type LayerName = "painted" | "prediction" | "doubt";

export interface Layer {
  readonly on: boolean;
  /** 0 to 1. */
  readonly opacity: number;
}

export interface ToolOptions {
  /** Diameter of brush and eraser, in pixels of the picture. */
  readonly sizePx: number;
  /** Share of the radius in which a brush paints over everything, 0 to 1. */
  readonly hardness: number;
  /** Width of the line tool, in pixels of the picture. */
  readonly lineWidthPx: number;
  readonly lineStraight: boolean;
  readonly fillOn: "picture" | "prediction" | "painted";
  /** 0 to 255. */
  readonly fillTolerance: number;
  /** Paint only where nothing is painted yet. */
  readonly onlyUnlabelled: boolean;
  /** A pen that is pressed harder paints wider. */
  readonly pressure: boolean;
}

export interface OpenPicture {
  readonly id: string;
  readonly state: "loading" | "ready" | "failed";
  readonly error: string | null;
  readonly server: Opened | null;
}

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "bad";
}

/** Everything that the page shows, but for pixels. */
export interface AppState {
  readonly page: Page;
  readonly connection: "connecting" | "online" | "lost" | "closed";
  readonly server: ServerState | null;
  readonly open: OpenPicture | null;
  /** Strokes that are not saved yet. */
  readonly waiting: number;
  /** An undo, redo, accept or change of parts is on its way: painting waits for it. */
  readonly busy: boolean;
  /** A stroke was painted, and the wall does not follow it yet. */
  readonly thinking: boolean;
  readonly predicted: boolean;
  readonly tool: ToolName;
  readonly options: ToolOptions;
  readonly partName: string | null;
  readonly lastPartName: string | null;
  readonly hidden: ReadonlySet<string>;
  readonly locked: ReadonlySet<string>;
  readonly layers: Readonly<Record<LayerName, Layer>>;
  readonly scale: number;
  /** The wall picture that is shown large. */
  readonly lookAt: string | null;
  readonly sort: "proposed" | "unsure" | "painted" | "name";
  readonly finishStep: "fit" | "distil" | "export" | "try" | "folder";
  readonly notices: readonly Notice[];
  readonly theme: "auto" | "dark" | "light";
  readonly showHint: boolean;
  /** A pen was used: then fingers move the picture. */
  readonly penSeen: boolean;
}

export function initialState(kept: Partial<AppState>): AppState {
  return {
    page: "label",
    connection: "connecting",
    server: null,
    open: null,
    waiting: 0,
    busy: false,
    thinking: false,
    predicted: false,
    tool: "brush",
    partName: null,
    lastPartName: null,
    hidden: new Set(),
    locked: new Set(),
    scale: 1,
    lookAt: null,
    sort: "proposed",
    finishStep: "fit",
    notices: [],
    theme: "auto",
    showHint: true,
    penSeen: false,
    ...kept,
    options: {
      sizePx: 24,
      hardness: 0.8,
      lineWidthPx: 3,
      lineStraight: false,
      fillOn: "picture",
      fillTolerance: 24,
      onlyUnlabelled: false,
      pressure: true,
      ...kept.options,
    },
    layers: {
      painted: { on: true, opacity: 0.85 },
      prediction: { on: true, opacity: 0.5 },
      doubt: { on: false, opacity: 0.9 },
      ...kept.layers,
    },
  };
}

/** Id of the chosen part; the first real part where none is chosen, or the chosen one is gone. */
export function partId(state: Readonly<AppState>): number {
  const parts = state.server?.parts ?? [];
  const place = parts.findIndex((part) => part.name === state.partName);
  return place >= 0 ? place : Math.min(1, Math.max(0, parts.length - 1));
}

export function partNames(state: Readonly<AppState>): string[] {
  return (state.server?.parts ?? []).map((part) => part.name);
}

/** `[256]`, 1 where pixels of a part must stay as they are. */
export function lockedTable(state: Readonly<AppState>): Uint8Array {
  const table = new Uint8Array(256);
  partNames(state).forEach((name, id) => {
    if (state.locked.has(name)) table[id] = 1;
  });
  return table;
}

export function openIdOf(state: Readonly<AppState>): string | null {
  return state.open?.id ?? null;
}

/** Size of the open picture, in pixels; null: the server has not told it yet. */
export function openSizeOf(state: Readonly<AppState>): Size | null {
  const opened = state.open?.server;
  return opened ? { width: opened.width_px, height: opened.height_px } : null;
}

/** Whether the open picture can be painted on by this tab. */
export function canPaint(state: Readonly<AppState>): boolean {
  return state.open?.state === "ready" && !state.open.server?.held && !state.busy && state.lookAt === null;
}

export function runningJob(state: Readonly<AppState>): Job | null {
  return state.server?.jobs.find((job) => job.state === "running") ?? null;
}

import type { AppState } from "./state";

/** What this browser remembers: looks and tools for all projects, hidden and locked parts for each. */

const SETTINGS = "partly.settings";

export function loadSettings(): Partial<AppState> {
  const value = read(SETTINGS) as Partial<AppState> | null;
  return value && typeof value === "object" ? value : {};
}

export function saveSettings(state: Readonly<AppState>): void {
  const { theme, showHint, sort, options, layers } = state;
  write(SETTINGS, { theme, showHint, sort, options, layers });
}

export interface ProjectSettings {
  readonly hidden: readonly string[];
  readonly locked: readonly string[];
  readonly picture: string | null;
  readonly part: string | null;
  readonly brushPx: number | null;
}

export function loadProjectSettings(folder: string): ProjectSettings {
  const value = read(`partly.project.${folder}`) as Partial<ProjectSettings> | null;
  const names = (list: unknown): string[] =>
    Array.isArray(list) ? list.filter((name): name is string => typeof name === "string") : [];
  return {
    hidden: names(value?.hidden),
    locked: names(value?.locked),
    picture: typeof value?.picture === "string" ? value.picture : null,
    part: typeof value?.part === "string" ? value.part : null,
    brushPx: typeof value?.brushPx === "number" ? value.brushPx : null,
  };
}

export function saveProjectSettings(folder: string, settings: ProjectSettings): void {
  write(`partly.project.${folder}`, settings);
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A private window, or no room: then nothing is remembered.
  }
}

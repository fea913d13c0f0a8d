import type { AppState } from "./state";

/** Whether photos are labelled; pictures of a generator otherwise. */
export function labelsPhotos(state: Readonly<AppState>): boolean {
  return state.server?.project.labels === "photos";
}

/** What is labelled: "photo" or "picture". */
export function one(state: Readonly<AppState>): string {
  return labelsPhotos(state) ? "photo" : "picture";
}

/** "one photo", "3 pictures". */
export function counted(state: Readonly<AppState>, n: number): string {
  return n === 1 ? `one ${one(state)}` : `${n.toLocaleString("en")} ${one(state)}s`;
}

/** With a capital letter: "Photo". */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

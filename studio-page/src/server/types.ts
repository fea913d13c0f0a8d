import type { Rgb } from "../colour/palette";

/** What the server says, as JSON. */

export interface Part {
  readonly name: string;
  readonly colour: Rgb;
  readonly mirror: string | null;
}

export interface Picture {
  readonly id: string;
  /** Of a photo its name in the folder; of a generated picture its id. */
  readonly name: string;
  readonly width_px: number;
  readonly height_px: number;
  readonly status: "new" | "painted" | "accepted";
  readonly pinned: boolean;
  readonly skipped: boolean;
  readonly reason: "representative" | "unsure" | "yours" | "asked";
  readonly score: number | null;
  readonly labelled_share: number;
  readonly n_parts_labelled: number;
}

export type Verb = "fit" | "distil" | "export" | "segment";

export interface Job {
  readonly id: string;
  readonly verb: Verb;
  readonly state: "running" | "done" | "stopped" | "failed";
  readonly text: string;
  readonly done: number;
  readonly total: number | null;
  readonly time_left_s: number | null;
  /** Seconds since 1970. */
  readonly started: number;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly curves: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly panels: readonly string[];
  readonly error: string | null;
}

export type ModelState = "missing" | "stale" | "ready";

export interface Live {
  readonly state: "cold" | "warming" | "ready" | "failed";
  readonly done: number;
  readonly total: number;
  readonly problem?: string;
}

/** One option of a job, as the form shows it. */
export interface FormField {
  readonly name: string;
  readonly kind: "int" | "float" | "bool" | "str" | "tuple" | "Path";
  readonly help: string;
  /** What a number can be, in words; empty where all will do. */
  readonly range: string;
  readonly choices: readonly string[];
  readonly least: number | null;
  readonly most: number | null;
  /** What the project says. */
  readonly value: number | boolean | string | readonly string[] | null;
}

export type Effort = "quick" | "usual" | "thorough";

/** What "distil" does in this project with one effort. */
export interface DistilEffort {
  /** What it is for. */
  readonly says: string;
  readonly n_pictures: number;
  readonly n_steps: number;
  readonly size_px: number;
  readonly second_round: number;
}

export interface ServerState {
  readonly project: {
    readonly name: string;
    readonly folder: string;
    /** Empty where there is none. */
    readonly generator: string;
    /** What is labelled. */
    readonly labels: "pictures" | "photos";
    /** Folder of photos; empty where there is none. */
    readonly photos: string;
  };
  readonly parts: readonly Part[];
  readonly parts_version: number;
  readonly pictures: readonly Picture[];
  readonly wall: readonly string[];
  /** Those whose picture is there already. */
  readonly wall_ready: readonly string[];
  /** Pictures whose labels cannot be read, and why. */
  readonly problems: Readonly<Record<string, string>>;
  readonly proposing: Progress | null;
  readonly live: Live;
  readonly models: { readonly few_shot: ModelState; readonly auto_shot: ModelState; readonly onnx: boolean };
  readonly jobs: readonly Job[];
  readonly limits: { readonly photo_bytes: number; readonly photo_pixels: number };
  readonly next_step: string;
  readonly distil: Readonly<Record<Effort, DistilEffort>>;
  readonly forms: Readonly<Record<Verb, readonly FormField[]>>;
  /** Photos that can be segmented. */
  readonly n_photos: number;
  /** The photos that are labelled; null where pictures are generated. */
  readonly album: Album | null;
  /** How good the segmenter is on each part; null where nobody knows. */
  readonly quality: Quality | null;
  /** Parts that are painted nowhere yet, and so never found. */
  readonly missing_parts: readonly string[];
}

export interface Album {
  readonly n_photos: number;
  /** Photos whose features are there, of those that are wanted so far. */
  readonly features: Progress;
  /** Why photos cannot be read, by their names. */
  readonly passed_over: Readonly<Record<string, string>>;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Some of the photos of the album that were looked for. */
export interface AlbumPage {
  readonly photos: readonly AlbumPhoto[];
  readonly n_found: number;
  readonly n_photos: number;
}

export interface AlbumPhoto {
  readonly name: string;
  /** Its id among the pictures to label; null: it is none of them. */
  readonly picture: string | null;
  /** Why it cannot be read. */
  readonly problem: string | null;
}

/** How good the segmenter is, told from what is painted. */
export interface Quality {
  readonly n_labelled: number;
  readonly parts: readonly PartQuality[];
  /** The part that it knows least; null where nothing could be measured. */
  readonly worst: string | null;
}

export interface PartQuality {
  readonly part: string;
  /** IoU on painted pictures left out, one at a time; or agreement of two halves of the features, which is no IoU. */
  readonly measure: "left out" | "two halves" | "nothing";
  /** 0 to 1; null: not to be had yet. */
  readonly iou: number | null;
  /** The measure in words. */
  readonly says: string;
}

export interface Opened {
  readonly width_px: number;
  readonly height_px: number;
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  readonly n_strokes: number;
  readonly held: boolean;
}

export interface Saved {
  readonly n_strokes: number;
  readonly can_undo: boolean;
  readonly can_redo: boolean;
  readonly labelled_share: number;
}

/** Labels that the server painted: by undo, redo or accept. */
export interface ServerPatch {
  readonly box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly labels: Uint8Array;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

/** Prediction of one picture: part ids and doubts (0 to 255), `width * height` each, stretched over the picture. */
export interface Prediction {
  readonly width: number;
  readonly height: number;
  readonly version: number;
  readonly labels: Uint8Array;
  readonly doubt: Uint8Array;
}

/** One after the other, `count` pictures of `width * height` each. */
export interface WallPrediction extends Prediction {
  readonly count: number;
}

export type PartChange =
  | {
      readonly kind: "add";
      readonly name: string;
      readonly colour: Rgb | null;
      readonly after: string | null;
    }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "recolour"; readonly name: string; readonly colour: Rgb }
  | { readonly kind: "merge"; readonly name: string; readonly into: string }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "move"; readonly names: readonly string[] }
  | { readonly kind: "pair"; readonly left: string; readonly right: string | null };

export interface PartsChanged {
  readonly parts: readonly Part[];
  readonly parts_version: number;
  readonly table: readonly number[];
}

export interface NetworkFacts {
  readonly parts: readonly Part[];
  readonly size_px: number;
  readonly bytes: number;
  readonly digest: string;
}

export interface ServerEvents {
  hello: { version: number };
  prediction: { id: string; version: number; ms: number };
  wall: { version: number; ms: number };
  quality: { version: number };
  pictures: Record<string, never>;
  parts: { parts_version: number };
  live: Live;
  features: Progress;
  proposing: Progress;
  problem: { text: string };
  job: Job;
  superpixels: { id: string };
  taken: { id: string };
  saved: { id: string };
  closing: Record<string, never>;
}

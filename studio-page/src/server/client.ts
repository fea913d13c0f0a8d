import type { Box, Raster, Size } from "../painting/raster";
import type {
  AlbumPage,
  Job,
  NetworkFacts,
  Opened,
  PartChange,
  PartsChanged,
  Picture,
  Prediction,
  Saved,
  ServerPatch,
  ServerState,
  Verb,
  WallPrediction,
} from "./types";

/** The server said no, and why. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly status: number,
    message: string,
    readonly held = false,
  ) {
    super(message);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}

/** The server's API, as functions. Every one may throw {@link Refused} or {@link Unreachable}. */
export class Client {
  constructor(
    readonly tab: string,
    private readonly base = "/api",
  ) {}

  state(): Promise<ServerState> {
    return this.json("GET", "/state");
  }

  imageUrl(id: string, size?: number): string {
    return `${this.base}/pictures/${encodeURIComponent(id)}/image${size ? `?size=${size}` : ""}`;
  }

  open(id: string, takeOver: boolean): Promise<Opened> {
    return this.json("POST", `${this.of(id, "open")}${takeOver ? "&take=1" : ""}`);
  }

  async labels(id: string): Promise<Raster> {
    const response = await this.call("GET", `/pictures/${encodeURIComponent(id)}/labels`);
    return { ...sizeOf(response), data: await bytesOf(response) };
  }

  stroke(id: string, box: Box, labels: Uint8Array<ArrayBuffer>, partsVersion: number): Promise<Saved> {
    const where = `&x=${box.x}&y=${box.y}&w=${box.w}&h=${box.h}&parts_version=${partsVersion}`;
    return this.json("POST", this.of(id, "strokes") + where, labels);
  }

  undo(id: string): Promise<ServerPatch | null> {
    return this.patch(this.of(id, "undo"));
  }

  redo(id: string): Promise<ServerPatch | null> {
    return this.patch(this.of(id, "redo"));
  }

  accept(id: string, onlyUnlabelled: boolean): Promise<ServerPatch | null> {
    return this.patch(`${this.of(id, "accept")}&only_unlabelled=${onlyUnlabelled ? 1 : 0}`);
  }

  async prediction(id: string): Promise<Prediction | null> {
    const response = await this.call("GET", `/pictures/${encodeURIComponent(id)}/prediction`);
    if (response.status === 204) return null;
    return halves(response, await bytesOf(response));
  }

  async wallPrediction(): Promise<WallPrediction | null> {
    const response = await this.call("GET", "/wall/prediction");
    if (response.status === 204) return null;
    return { ...halves(response, await bytesOf(response)), count: numberHeader(response, "X-Count") };
  }

  /** Null while the server is still making them: it tells by an event. */
  async superpixels(id: string): Promise<({ ids: Uint16Array } & Size) | null> {
    const response = await this.call("GET", `/pictures/${encodeURIComponent(id)}/superpixels`);
    if (response.status !== 200) return null;
    const view = new DataView(await response.arrayBuffer());
    const ids = Uint16Array.from({ length: view.byteLength / 2 }, (_, i) => view.getUint16(2 * i, true));
    return { ids, ...sizeOf(response) };
  }

  propose(request: {
    kind: "representative" | "unsure" | "another";
    n: number;
    truncation: readonly [number, number] | null;
    seed: number | null;
    /** Unsure of this part; null: of the whole picture. */
    part: string | null;
  }): Promise<unknown> {
    return this.json("POST", "/pictures/propose", request);
  }

  choose(id: string, choices: { pinned?: boolean; skipped?: boolean }): Promise<Picture> {
    return this.json("POST", `/pictures/${encodeURIComponent(id)}/choices`, choices);
  }

  album(text: string, offset: number, limit: number): Promise<AlbumPage> {
    const query = new URLSearchParams({ text, offset: String(offset), limit: String(limit) });
    return this.json("GET", `/album?${query}`);
  }

  albumImageUrl(name: string, size: number): string {
    return `${this.base}/album/image?${new URLSearchParams({ name, size: String(size) })}`;
  }

  /** Makes a photo of the album one to label. */
  takePhoto(name: string): Promise<Picture> {
    return this.json("POST", "/album/take", { name });
  }

  /** Adds a photo to the album, and makes it one to label. */
  addToAlbum(file: File): Promise<Picture> {
    return this.json("POST", "/album/add", file, { "X-File-Name": encodeURIComponent(file.name) });
  }

  fromWall(id: string): Promise<Picture> {
    return this.json("POST", "/pictures/from-wall", { id });
  }

  changeParts(change: PartChange): Promise<PartsChanged> {
    return this.json("POST", "/parts", change);
  }

  startJob(verb: Verb, options: Record<string, unknown>): Promise<Job> {
    return this.json("POST", "/jobs", { verb, options });
  }

  cancelJob(id: string): Promise<Job> {
    return this.json("POST", `/jobs/${encodeURIComponent(id)}/cancel`);
  }

  job(id: string): Promise<Job> {
    return this.json("GET", `/jobs/${encodeURIComponent(id)}`);
  }

  async segment(photo: Blob): Promise<{ width: number; height: number; labels: Uint8Array<ArrayBuffer> }> {
    const response = await this.call("POST", "/segment", photo);
    return { ...sizeOf(response), labels: await bytesOf(response) };
  }

  /** Keeps a photo in the project's folder of photos. */
  addPhoto(file: File): Promise<{ name: string }> {
    return this.json("POST", "/photos", file, { "X-File-Name": encodeURIComponent(file.name) });
  }

  network(): Promise<NetworkFacts> {
    return this.json("GET", "/network");
  }

  networkUrl(digest: string): string {
    return `${this.base}/network.onnx?digest=${encodeURIComponent(digest)}`;
  }

  importLabels(
    file: File,
    choices: { picture: string | null; format: string; fill: string; replace: boolean },
  ): Promise<{ ids: string[]; notes?: string[] }> {
    const { picture, format, fill, replace } = choices;
    const query = new URLSearchParams({ format, fill, replace: replace ? "1" : "0" });
    // Without it, labels belong to what the file names.
    if (picture !== null) query.set("picture", picture);
    return this.json("POST", `/labels/import?${query}`, file, {
      "X-File-Name": encodeURIComponent(file.name),
    });
  }

  exportUrl(format: string, style: string): string {
    return `${this.base}/labels/export?${new URLSearchParams({ format, style })}`;
  }

  async exportLabels(format: string, style: string): Promise<Blob> {
    return (await this.call("GET", this.exportUrl(format, style).slice(this.base.length))).blob();
  }

  eventsUrl(): string {
    return `${this.base}/events?tab=${this.tab}`;
  }

  private of(id: string, what: string): string {
    return `/pictures/${encodeURIComponent(id)}/${what}?tab=${this.tab}`;
  }

  private async patch(path: string): Promise<ServerPatch | null> {
    const response = await this.call("POST", path);
    if (response.status === 204) return null;
    const [x, y, w, h] = (response.headers.get("X-Box") ?? "0,0,0,0").split(",").map(Number);
    return {
      box: { x, y, w, h },
      labels: await bytesOf(response),
      canUndo: response.headers.get("X-Can-Undo") === "1",
      canRedo: response.headers.get("X-Can-Redo") === "1",
    };
  }

  private async json<T>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<T> {
    const response = await this.call(method, path, body, headers);
    return (response.status === 204 ? null : await response.json()) as T;
  }

  private async call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const isBytes = body instanceof Blob || body instanceof Uint8Array;
    let response: Response;
    try {
      response = await fetch(this.base + path, {
        method,
        headers: {
          ...(body === undefined
            ? {}
            : { "Content-Type": isBytes ? "application/octet-stream" : "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isBytes ? (body as BodyInit) : JSON.stringify(body) }),
      });
    } catch {
      throw new Unreachable("The studio's server does not answer.");
    }
    if (response.ok) return response;
    if (response.status >= 502 && response.status <= 504)
      throw new Unreachable("The studio's server does not answer.");
    throw await refusal(response);
  }
}

async function refusal(response: Response): Promise<Refused> {
  const fallback = `The server answered with ${response.status}.`;
  try {
    const value = (await response.json()) as { error?: unknown; held?: unknown };
    return new Refused(
      response.status,
      typeof value.error === "string" ? value.error : fallback,
      value.held === true,
    );
  } catch {
    return new Refused(response.status, fallback);
  }
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

function numberHeader(response: Response, name: string): number {
  return Number(response.headers.get(name) ?? 0);
}

function sizeOf(response: Response): Size {
  return { width: numberHeader(response, "X-Width"), height: numberHeader(response, "X-Height") };
}

function halves(response: Response, bytes: Uint8Array): Prediction {
  const half = bytes.length / 2;
  return {
    ...sizeOf(response),
    version: numberHeader(response, "X-Version"),
    labels: bytes.subarray(0, half),
    doubt: bytes.subarray(half),
  };
}

import type { Client } from "../server/client";
import type { NetworkFacts, Part } from "../server/types";
import { scaledTo } from "./square";

export type ToWorker =
  | { readonly kind: "load"; readonly id: number; readonly model: ArrayBuffer }
  | {
      readonly kind: "segment";
      readonly id: number;
      readonly rgba: Uint8ClampedArray;
      readonly width: number;
      readonly height: number;
      readonly size: number;
      readonly outWidth: number;
      readonly outHeight: number;
      /** Also look at it in the mirror, as `partly segment` does. */
      readonly thorough: boolean;
      readonly partner: readonly number[];
    };

export interface FromWorker {
  readonly id: number;
  readonly error?: string;
  readonly labels?: Uint8Array<ArrayBuffer>;
}

type Request = ToWorker extends infer M ? (M extends ToWorker ? Omit<M, "id"> : never) : never;

/** The auto-shot network in this browser. What it is shown stays here. */
export class BrowserNetwork {
  private nextId = 1;
  private readonly open = new Map<number, (reply: FromWorker) => void>();
  private readonly canvas = document.createElement("canvas");

  private constructor(
    readonly facts: NetworkFacts,
    private readonly worker: Worker,
  ) {
    worker.onmessage = (event: MessageEvent<FromWorker>) => {
      this.open.get(event.data.id)?.(event.data);
      this.open.delete(event.data.id);
    };
    worker.onerror = (event) => {
      for (const [id, resolve] of this.open) resolve({ id, error: event.message || "the worker failed" });
      this.open.clear();
    };
  }

  /** Fetches the file and makes it ready. Throws where the browser cannot. */
  static async load(client: Client, progress: (share: number) => void): Promise<BrowserNetwork> {
    const facts = await client.network();
    const model = await download(client.networkUrl(facts.digest), facts.bytes, progress);
    const worker = new Worker(new URL("./network_worker.ts", import.meta.url), { type: "module" });
    const network = new BrowserNetwork(facts, worker);
    try {
      await network.ask({ kind: "load", model }, [model]);
    } catch (error) {
      worker.terminate();
      throw error;
    }
    return network;
  }

  close(): void {
    this.worker.terminate();
  }

  /** Part ids of a photo, at the size asked for. */
  async segment(
    photo: CanvasImageSource,
    size: { width: number; height: number },
    out: { width: number; height: number },
    thorough: boolean,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const small = scaledTo(this.facts.size_px, size.width, size.height);
    this.canvas.width = small.width;
    this.canvas.height = small.height;
    const context = this.canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    if (!context) throw new Error("this browser draws no canvas");
    context.imageSmoothingQuality = "high";
    context.drawImage(photo, 0, 0, small.width, small.height);
    const rgba = context.getImageData(0, 0, small.width, small.height).data;
    const reply = await this.ask(
      {
        kind: "segment",
        rgba,
        ...small,
        size: this.facts.size_px,
        outWidth: out.width,
        outHeight: out.height,
        thorough,
        partner: partners(this.facts.parts),
      },
      [rgba.buffer],
    );
    if (!reply.labels) throw new Error("the network gave no labels");
    return reply.labels;
  }

  private async ask(request: Request, transfer: Transferable[]): Promise<FromWorker> {
    const id = this.nextId++;
    const reply = await new Promise<FromWorker>((resolve) => {
      this.open.set(id, resolve);
      this.worker.postMessage({ ...request, id }, transfer);
    });
    if (reply.error) throw new Error(reply.error);
    return reply;
  }
}

/** For each part, the id that it becomes in a mirrored photo. */
export function partners(parts: readonly Part[]): number[] {
  return parts.map((part, id) => {
    const other = parts.findIndex(({ name }) => name === part.mirror);
    return other >= 0 ? other : id;
  });
}

async function download(url: string, bytes: number, progress: (share: number) => void): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok || !response.body)
    throw new Error(`the network’s file could not be fetched (${response.status})`);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { value, done: isOver } = await reader.read();
    if (isOver) break;
    pieces.push(value);
    done += value.length;
    progress(bytes > 0 ? Math.min(1, done / bytes) : 0);
  }
  return new Blob(pieces).arrayBuffer();
}

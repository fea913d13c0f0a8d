import * as ort from "onnxruntime-web/wasm";
import wasmUrl from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import glueUrl from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import { averageMirrored, bestParts, inSquare, mirrored } from "./square";
import type { FromWorker, ToWorker } from "./network";

/** The auto-shot network, off the page's thread. */

const MOST_THREADS = 4;

let session: ort.InferenceSession | null = null;

ort.env.wasm.wasmPaths = {
  wasm: new URL(wasmUrl, self.location.href).href,
  mjs: new URL(glueUrl, self.location.href).href,
};
ort.env.wasm.numThreads = self.crossOriginIsolated
  ? Math.min(MOST_THREADS, navigator.hardwareConcurrency)
  : 1;

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  void answer(message).then(
    (reply) => self.postMessage(reply, { transfer: reply.labels ? [reply.labels.buffer] : [] }),
    (error: unknown) => {
      const reply: FromWorker = {
        id: message.id,
        error: error instanceof Error ? error.message : String(error),
      };
      self.postMessage(reply);
    },
  );
};

async function answer(message: ToWorker): Promise<FromWorker> {
  if (message.kind === "load") {
    session = await ort.InferenceSession.create(message.model, { executionProviders: ["wasm"] });
    return { id: message.id };
  }
  if (!session) throw new Error("the network is not loaded");
  return { id: message.id, labels: await segment(session, message) };
}

async function segment(
  network: ort.InferenceSession,
  job: Extract<ToWorker, { kind: "segment" }>,
): Promise<Uint8Array<ArrayBuffer>> {
  const { size, partner } = job;
  const placed = inSquare(job.rgba, job.width, job.height, size);
  const squares = job.thorough ? [placed.square, mirrored(placed.square, size)] : [placed.square];
  const images = new Uint8Array(squares.length * size * size * 3);
  squares.forEach((square, i) => images.set(square, i * square.length));
  const input = new ort.Tensor("uint8", images, [squares.length, size, size, 3]);
  const { logits } = await network.run({ images: input }, ["logits"]);
  const values = logits.data as Float32Array;
  const nParts = logits.dims[1];
  const one = nParts * size * size;
  const mean = job.thorough
    ? averageMirrored(values.subarray(0, one), values.subarray(one), nParts, size, partner)
    : values;
  return bestParts(mean, nParts, size, placed, job.outWidth, job.outHeight);
}

import { existsSync, readFileSync } from "node:fs";
import { face } from "./faces.mjs";
import { png } from "./png.mjs";

/** A fake of the studio's server, for work on the page: drawn faces, and predictions that know the truth of them. */

const WIDTH = Number(process.env.MOCK_WIDTH ?? 512);
const HEIGHT = Number(process.env.MOCK_HEIGHT ?? 512);
/** Of predictions and superpixels: the pictures' shape, with the pixels of a square of 256 px. */
const SMALL = (() => {
  const scale = Math.min(1, 256 / Math.sqrt(WIDTH * HEIGHT));
  return { width: Math.round(WIDTH * scale), height: Math.round(HEIGHT * scale) };
})();
/** Of predictions of the wall: pictures are stretched to squares. */
const TILE = { width: 64, height: 64 };
const N_WALL = 24;
const LIVE_MS = Number(process.env.MOCK_LIVE_MS ?? 120);

const NAMES = ["background", "skin", "nose", "eye", "brow", "ear", "mouth", "hair", "neck", "cloth"];

const state = {
  project: {
    name: "my-faces",
    folder: "/home/ada/my-faces",
    generator: "ffhq",
    labels: "pictures",
    photos: "",
  },
  album: null,
  quality: {
    n_labelled: 3,
    parts: [94, 81, 77, 62, 55, 41, 70, 83, 66, 38].map((percent, i) => ({
      part: NAMES[i],
      measure: i === 5 ? "two halves" : "left out",
      iou: percent / 100,
      says: "as the fake server has it",
    })),
    worst: "cloth",
  },
  parts: [
    ["background", [28, 28, 36]],
    ["skin", [250, 205, 75]],
    ["nose", [232, 112, 20]],
    ["eye", [45, 205, 250]],
    ["brow", [105, 40, 105]],
    ["ear", [230, 250, 205]],
    ["mouth", [175, 45, 30]],
    ["hair", [45, 40, 195]],
    ["neck", [178, 105, 245]],
    ["cloth", [40, 155, 150]],
  ].map(([name, colour]) => ({ name, colour, mirror: null })),
  parts_version: 1,
  pictures: [],
  wall: Array.from({ length: N_WALL }, (_, i) => `wall-${i}`),
  wall_ready: Array.from({ length: N_WALL }, (_, i) => `wall-${i}`),
  problems: {},
  proposing: null,
  live: { state: "ready", done: N_WALL, total: N_WALL },
  models: {
    few_shot: "missing",
    auto_shot: "missing",
    onnx: existsSync(new URL("./network.onnx", import.meta.url)),
  },
  jobs: [],
  limits: { photo_bytes: 32 * 2 ** 20, photo_pixels: 1e8 },
  forms: {
    fit: [],
    distil: [
      {
        name: "n_pictures",
        kind: "int",
        help: "Generated pictures that it learns from.",
        range: "2 or more",
        choices: [],
        least: 2,
        most: null,
        value: 700,
      },
    ],
    export: [],
    segment: [],
  },
  distil: {
    quick: { says: "a first look", n_pictures: 100, n_steps: 150, size_px: 192, second_round: 0 },
    usual: { says: "as project.toml says", n_pictures: 700, n_steps: 600, size_px: 192, second_round: 0 },
    thorough: { says: "the best masks", n_pictures: 1200, n_steps: 1400, size_px: 256, second_round: 0.2 },
  },
  n_photos: 0,
  next_step: "Paint two parts of a picture: a few strokes are enough.",
};

const docs = new Map();
const holders = new Map();
const listeners = new Set();
let version = 0;
let nextPicture = 0;

for (let i = 0; i < 8; i++) addPicture(i < 6 ? "representative" : "unsure");

function addPicture(reason) {
  const id = `picture-${nextPicture++}`;
  state.pictures.push({
    id,
    name: id,
    width_px: WIDTH,
    height_px: HEIGHT,
    status: "new",
    pinned: false,
    skipped: false,
    reason,
    score: Math.random(),
    labelled_share: 0,
    n_parts_labelled: 0,
  });
  return id;
}

function seedOf(id) {
  return id.startsWith("wall-") ? 1000 + Number(id.slice(5)) : Number(id.replace(/\D/g, "")) + 1;
}

const faces = new Map();
function faceOf(id, width, height) {
  const key = `${id} ${width} ${height}`;
  if (!faces.has(key)) faces.set(key, face(seedOf(id), width, height));
  return faces.get(key);
}

function docOf(id) {
  if (!docs.has(id)) docs.set(id, { labels: new Uint8Array(WIDTH * HEIGHT).fill(255), done: [], undone: [] });
  return docs.get(id);
}

function cut(labels, { x, y, w, h }) {
  const out = new Uint8Array(w * h);
  for (let r = 0; r < h; r++) out.set(labels.subarray((y + r) * WIDTH + x, (y + r) * WIDTH + x + w), r * w);
  return out;
}

function place(labels, { x, y, w, h }, bytes) {
  for (let r = 0; r < h; r++) labels.set(bytes.subarray(r * w, (r + 1) * w), (y + r) * WIDTH + x);
}

function knownParts() {
  const known = new Set();
  for (const { labels } of docs.values())
    for (let i = 0; i < labels.length; i += 3) if (labels[i] !== 255) known.add(labels[i]);
  return known;
}

function predict(id, { width, height }) {
  const known = knownParts();
  if (known.size < 2) return null;
  const { parts } = faceOf(id, WIDTH, HEIGHT);
  const fallback = known.has(0) ? 0 : [...known][0];
  const near = { 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 8: 1, 7: 0, 9: 0, 1: 7 };
  const labels = new Uint8Array(width * height);
  const doubt = new Uint8Array(width * height);
  const at = (x, y) => parts[Math.floor((y * HEIGHT) / height) * WIDTH + Math.floor((x * WIDTH) / width)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let part = at(x, y);
      const isNew = !known.has(part);
      for (let hop = 0; hop < 3 && !known.has(part); hop++) part = near[part] ?? fallback;
      labels[y * width + x] = known.has(part) ? part : fallback;
      let edge = 0;
      const reach = Math.max(1, Math.round(width / 48));
      for (const [dx, dy] of [
        [reach, 0],
        [-reach, 0],
        [0, reach],
        [0, -reach],
      ]) {
        if (
          at(Math.min(width - 1, Math.max(0, x + dx)), Math.min(height - 1, Math.max(0, y + dy))) !== at(x, y)
        )
          edge++;
      }
      doubt[y * width + x] = Math.min(
        255,
        edge * 55 + (isNew ? 120 : 8) + 14 * Math.abs(Math.sin(x * 0.3) * Math.cos(y * 0.2)),
      );
    }
  }
  return { labels, doubt };
}

function send(name, value, only) {
  for (const listener of listeners)
    if (!only || listener.tab === only)
      listener.response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
}

function changed(id) {
  const { labels } = docOf(id);
  const picture = state.pictures.find((p) => p.id === id);
  if (picture) {
    let n = 0;
    for (const v of labels) if (v !== 255) n++;
    picture.labelled_share = n / labels.length;
    picture.status = n ? "painted" : "new";
  }
  state.models.few_shot = state.models.few_shot === "ready" ? "stale" : state.models.few_shot;
  setTimeout(() => {
    version++;
    send("prediction", { id, version, ms: LIVE_MS });
    setTimeout(() => send("wall", { version, ms: 3 * LIVE_MS }), 2 * LIVE_MS);
  }, LIVE_MS);
}

function runJob(verb) {
  const job = {
    id: `job-${state.jobs.length + 1}`,
    verb,
    state: "running",
    text: "Beginning …",
    done: 0,
    total: verb === "export" ? null : 60,
    time_left_s: 9,
    started: Date.now() / 1000,
    curves: {},
    panels: [],
    error: null,
  };
  state.jobs.push(job);
  const texts = {
    fit: "Fitting the few-shot segmenter",
    distil: "Training the network, step",
    export: "Writing the ONNX file",
  };
  job.timer = setInterval(() => {
    if (job.state !== "running") return clearInterval(job.timer);
    job.done++;
    job.text = `${texts[verb]} ${verb === "distil" ? `${job.done * 20} of 1200` : ""}`;
    job.time_left_s = (60 - job.done) * 0.3 * (verb === "distil" ? 30 : 1);
    if (verb === "distil") {
      const step = job.done * 20;
      (job.curves["loss"] ??= []).push([step, 1.8 * Math.exp(-step / 300) + 0.12 + 0.06 * Math.random()]);
      if (job.done % 6 === 0)
        (job.curves["agreement with the teacher"] ??= []).push([step, 0.9 - 0.6 * Math.exp(-step / 250)]);
      if (job.done % 20 === 0) job.panels = [...job.panels, `/api/jobs/${job.id}/panels/${job.done}`];
    }
    if (job.done >= (verb === "distil" ? 60 : 12)) {
      job.state = "done";
      job.text = `Done: ${verb} took ${job.done} s.`;
      job.panels = verb === "export" ? [] : [1, 2, 3].map((n) => `/api/jobs/${job.id}/panels/${n}`);
      if (verb === "fit") state.models.few_shot = "ready";
      if (verb === "distil") state.models.auto_shot = "ready";
      if (verb === "export") state.models.onnx = existsSync(new URL("./network.onnx", import.meta.url));
    }
    send("job", plain(job));
  }, 300);
  return job;
}

const plain = ({ timer: _timer, ...job }) => job;

function changeParts(change) {
  const names = state.parts.map((part) => part.name);
  const id = names.indexOf(change.name ?? change.left);
  let parts = [...state.parts];
  const table = Array.from({ length: 256 }, (_, i) => i);
  if (change.kind === "add")
    parts.push({
      name: change.name,
      colour: change.colour ?? [Math.floor(Math.random() * 255), 90, 180],
      mirror: null,
    });
  if (change.kind === "rename") parts[id] = { ...parts[id], name: change.to };
  if (change.kind === "recolour") parts[id] = { ...parts[id], colour: change.colour };
  if (change.kind === "move") parts = change.names.map((name) => state.parts[names.indexOf(name)]);
  if (change.kind === "delete" || change.kind === "merge") parts.splice(id, 1);
  if (change.kind === "pair")
    parts = parts.map((part) => ({
      ...part,
      mirror:
        part.name === change.left ? change.right : part.name === change.right ? change.left : part.mirror,
    }));
  names.forEach((name, old) => {
    const target =
      change.kind === "rename" && name === change.name
        ? change.to
        : change.kind === "merge" && name === change.name
          ? change.into
          : name;
    const now = parts.findIndex((part) => part.name === target);
    table[old] = now < 0 ? 255 : now;
  });
  state.parts = parts;
  state.parts_version++;
  for (const doc of docs.values()) doc.labels = doc.labels.map((v) => table[v]);
  send("parts", { parts_version: state.parts_version });
  return { parts: state.parts, parts_version: state.parts_version, table };
}

async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function handle(request, response, next) {
  if (!request.url.startsWith("/api/")) return next();
  if (existsSync("/tmp/mock-down")) return request.socket.destroy();
  answer(request, response).catch((error) => {
    console.error(error);
    json(response, 500, { error: String(error) });
  });
}

function json(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function bytes(response, value, headers = {}) {
  response.writeHead(200, { "content-type": "application/octet-stream", ...headers });
  response.end(Buffer.from(value.buffer ?? value, value.byteOffset ?? 0, value.byteLength));
}

function sizeHeaders({ width, height }) {
  return { "X-Width": width, "X-Height": height };
}

function patch(response, id, box, labels) {
  const doc = docOf(id);
  bytes(response, labels, {
    "X-Box": [box.x, box.y, box.w, box.h].join(","),
    "X-Can-Undo": doc.done.length ? "1" : "0",
    "X-Can-Redo": doc.undone.length ? "1" : "0",
    "X-Strokes": doc.done.length,
  });
}

function fullState() {
  const known = knownParts();
  const missing_parts = state.parts.filter((_, id) => !known.has(id)).map((part) => part.name);
  return { ...state, missing_parts, jobs: state.jobs.map(plain) };
}

async function answer(request, response) {
  const url = new URL(request.url, "http://mock");
  const query = url.searchParams;
  const [, , room, id, what, last] = url.pathname.split("/");
  const route = `${request.method} ${room}${id && room !== "pictures" && room !== "jobs" ? `/${id}` : ""}${what ? `/${what}` : ""}`;
  if (route === "GET state") return json(response, 200, fullState());
  if (route === "GET events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    const listener = { response, tab: query.get("tab") };
    listeners.add(listener);
    request.on("close", () => listeners.delete(listener));
    return void response.write(`event: hello\ndata: {"version": ${version}}\n\n`);
  }
  if (room === "pictures" && id === "propose") {
    const { kind, n } = JSON.parse(await bodyOf(request));
    let left = n;
    state.proposing = { done: 0, total: n };
    const timer = setInterval(() => {
      addPicture(kind === "another" ? "asked" : kind);
      state.proposing = --left > 0 ? { done: n - left, total: n } : null;
      if (left <= 0) clearInterval(timer);
      send("pictures", {});
    }, 400);
    return json(response, 202, {});
  }
  if (room === "pictures" && id === "from-wall") {
    const asked = JSON.parse(await bodyOf(request)).id;
    const picture = {
      ...state.pictures[0],
      id: `picture-${1000 + Number(asked.slice(5)) - 1}`,
      status: "new",
      reason: "asked",
      pinned: false,
      skipped: false,
      labelled_share: 0,
    };
    state.pictures.unshift(picture);
    return json(response, 200, picture);
  }
  if (room === "pictures") return pictureRoute(request, response, decodeURIComponent(id), what, query);
  if (route === "GET wall/prediction") {
    const all = state.wall.map((wallId) => predict(wallId, TILE));
    if (!all[0]) return response.writeHead(204).end();
    return bytes(response, Buffer.concat([...all.map((p) => p.labels), ...all.map((p) => p.doubt)]), {
      ...sizeHeaders(TILE),
      "X-Count": N_WALL,
      "X-Version": version,
    });
  }
  if (route === "POST parts") return json(response, 200, changeParts(JSON.parse(await bodyOf(request))));
  if (room === "jobs" && request.method === "POST" && !id) {
    if (state.jobs.some((job) => job.state === "running"))
      return json(response, 409, { error: "a job is running already. Wait for it, or stop it." });
    return json(response, 200, plain(runJob(JSON.parse(await bodyOf(request)).verb)));
  }
  if (room === "jobs" && what === "cancel") {
    const job = state.jobs.find((other) => other.id === id);
    job.state = "stopped";
    send("job", plain(job));
    return json(response, 200, plain(job));
  }
  if (room === "jobs" && what === "panels")
    return void response.writeHead(200, { "content-type": "image/png" }).end(panel(Number(last)));
  if (route === "GET network") {
    const file = new URL("./network.onnx", import.meta.url);
    if (!existsSync(file)) return json(response, 404, { error: "there is no exported network yet" });
    return json(response, 200, {
      parts: state.parts,
      size_px: Number(process.env.MOCK_NETWORK_SIZE ?? 64),
      bytes: readFileSync(file).length,
      digest: "mock",
    });
  }
  if (room === "network.onnx")
    return bytes(response, readFileSync(new URL("./network.onnx", import.meta.url)));
  if (route === "POST segment") {
    await bodyOf(request);
    return bytes(response, faceOf("picture-3", 256, 256).parts, {
      "X-Width": 256,
      "X-Height": 256,
      "X-Confidence": 0.9,
    });
  }
  if (route === "GET labels/export") return bytes(response, Buffer.from("PK"), {});
  if (route === "POST labels/import")
    return json(response, 400, {
      error: "the file holds no labels\nexpected: LabelMe, COCO, CVAT or a palette PNG",
    });
  return json(response, 404, { error: `nothing at ${url.pathname}` });
}

async function pictureRoute(request, response, id, what, query) {
  if (what === "image") {
    const scale = Math.min(1, Number(query.get("size") ?? Infinity) / Math.max(WIDTH, HEIGHT));
    const [width, height] = [WIDTH, HEIGHT].map((side) => Math.max(1, Math.round(side * scale)));
    const { rgb } = faceOf(id, width, height);
    return void response
      .writeHead(200, { "content-type": "image/png", "cache-control": "max-age=600" })
      .end(png(rgb, width, height));
  }
  const tab = query.get("tab");
  const doc = docOf(id);
  if (what === "open") {
    const holder = holders.get(id);
    const alive = [...listeners].some((listener) => listener.tab === holder);
    const held = holder !== undefined && holder !== tab && alive && query.get("take") !== "1";
    if (!held) {
      if (holder && holder !== tab) send("taken", { id }, holder);
      holders.set(id, tab);
    }
    return json(response, 200, {
      width_px: WIDTH,
      height_px: HEIGHT,
      can_undo: doc.done.length > 0,
      can_redo: doc.undone.length > 0,
      n_strokes: doc.done.length,
      held,
    });
  }
  if (what === "labels") return bytes(response, doc.labels, sizeHeaders({ width: WIDTH, height: HEIGHT }));
  if (what === "prediction") {
    const prediction = predict(id, SMALL);
    if (!prediction) return response.writeHead(204).end();
    return bytes(response, Buffer.concat([prediction.labels, prediction.doubt]), {
      ...sizeHeaders(SMALL),
      "X-Version": version,
    });
  }
  if (what === "superpixels") {
    const { width, height } = SMALL;
    const ids = new Uint16Array(width * height);
    const { parts } = faceOf(id, width, height);
    const seen = new Map();
    for (let i = 0; i < ids.length; i++) {
      const key = `${parts[i]} ${Math.floor((i % width) / 16)} ${Math.floor(i / width / 16)}`;
      if (!seen.has(key)) seen.set(key, seen.size);
      ids[i] = seen.get(key);
    }
    return bytes(response, Buffer.from(ids.buffer), sizeHeaders(SMALL));
  }
  if (what === "choices") {
    const picture = state.pictures.find((other) => other.id === id);
    Object.assign(picture, JSON.parse(await bodyOf(request)));
    return json(response, 200, picture);
  }
  if (holders.get(id) !== tab)
    return json(response, 409, { error: "another tab has this picture", held: true });
  if (what === "strokes") {
    const box = Object.fromEntries(["x", "y", "w", "h"].map((name) => [name, Number(query.get(name))]));
    const labels = new Uint8Array(await bodyOf(request));
    doc.done.push({ box, before: cut(doc.labels, box), after: labels });
    doc.undone = [];
    place(doc.labels, box, labels);
    changed(id);
    const picture = state.pictures.find((other) => other.id === id);
    return json(response, 200, {
      n_strokes: doc.done.length,
      can_undo: true,
      can_redo: false,
      labelled_share: picture?.labelled_share ?? 0,
    });
  }
  if (what === "undo" || what === "redo") {
    const stroke = (what === "undo" ? doc.done : doc.undone).pop();
    if (!stroke) return response.writeHead(204).end();
    (what === "undo" ? doc.undone : doc.done).push(stroke);
    const labels = what === "undo" ? stroke.before : stroke.after;
    place(doc.labels, stroke.box, labels);
    changed(id);
    return patch(response, id, stroke.box, labels);
  }
  if (what === "accept") {
    const prediction = predict(id, SMALL);
    const box = { x: 0, y: 0, w: WIDTH, h: HEIGHT };
    const only = query.get("only_unlabelled") === "1";
    const labels = doc.labels.map((v, i) => {
      if (only && v !== 255) return v;
      const x = Math.floor(((i % WIDTH) * SMALL.width) / WIDTH);
      const y = Math.floor((Math.floor(i / WIDTH) * SMALL.height) / HEIGHT);
      return prediction.labels[y * SMALL.width + x];
    });
    doc.done.push({ box, before: doc.labels.slice(), after: labels });
    doc.undone = [];
    doc.labels = labels.slice();
    changed(id);
    state.pictures.find((other) => other.id === id).status = "accepted";
    return patch(response, id, box, labels);
  }
  return json(response, 404, { error: "nothing here" });
}

function panel(n) {
  const size = 128;
  const { rgb, parts } = faceOf(`picture-${40 + n}`, size, size);
  const wide = new Uint8Array(size * size * 9);
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++)
      for (let c = 0; c < 3; c++) {
        const i = y * size + x;
        wide[3 * (y * 3 * size + x) + c] = rgb[3 * i + c];
        wide[3 * (y * 3 * size + size + x) + c] = state.parts[parts[i]]?.colour[c] ?? 0;
        wide[3 * (y * 3 * size + 2 * size + x) + c] = state.parts[parts[i]]?.colour[c] ?? 0;
      }
  return png(wide, 3 * size, size);
}

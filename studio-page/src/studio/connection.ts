import { fetchPrediction, fetchWall } from "./live";
import { takeJob } from "./jobs";
import { markHeld } from "./painting";
import { fetchSuperpixels, openPicture, openSomething, refreshState } from "./pictures";
import { openIdOf } from "./state";
import { say, type Studio } from "./studio";

const REFRESH_PAUSE_MS = 150;
const RETURN_PAUSE_MS = 1000;

/** Listens to the server, and picks everything up again when it was away. `arrived`: whenever the state is known anew. */
export function followServer(
  studio: Studio,
  arrived: () => Promise<void>,
  remembered: () => string | null,
  networkMade: () => void,
): void {
  const { events, store } = studio;
  const refresh = soon(() => refreshAndOpen(studio, remembered));
  events.on("hello", () => void greet(studio, arrived, remembered));
  events.lost.on(() => {
    if (store.get().connection === "online") store.set({ connection: "lost" });
  });
  events.on("closing", () => store.set({ connection: "closed" }));
  events.on("pictures", refresh);
  events.on("saved", refresh);
  events.on("quality", refresh);
  events.on("prediction", ({ id }) => {
    if (id !== studio.sheet.id) return;
    // Without a prediction, nothing will come of the wall either.
    void fetchPrediction(studio).then(() => studio.sheet.prediction ?? store.set({ thinking: false }));
  });
  events.on("wall", () => void fetchWall(studio).then(() => store.set({ thinking: false })));
  events.on("parts", ({ parts_version }) => {
    if (store.get().server?.parts_version !== parts_version) void partsChanged(studio, parts_version);
  });
  events.on("live", (live) => {
    const { server } = store.get();
    if (server) store.set({ server: { ...server, live } });
    if (live.state === "ready" && server?.live.state !== "ready") refresh();
  });
  events.on("features", (features) => {
    const { server } = store.get();
    if (server?.album) store.set({ server: { ...server, album: { ...server.album, features } } });
  });
  events.on("job", (job) => {
    if (!takeJob(studio, job)) return;
    if (job.verb === "export" && job.state === "done") networkMade();
    if (job.state === "failed" && store.get().page === "label")
      say(studio, job.error ?? `“${job.verb}” did not work.`, "bad");
    refresh();
  });
  events.on("proposing", ({ done, total }) => {
    const { server } = store.get();
    if (server)
      store.set({ server: { ...server, proposing: done === 0 && total === 0 ? null : { done, total } } });
  });
  events.on("problem", ({ text }) => say(studio, text, "bad"));
  events.on("superpixels", ({ id }) => {
    if (id === studio.sheet.id) void fetchSuperpixels(studio);
  });
  events.on("taken", ({ id }) => markHeld(studio, id));
  store.watch(
    (state) => state.connection === "lost",
    (isLost) => isLost && watchForReturn(studio, () => greet(studio, arrived, remembered)),
  );
  events.connect();
}

/**
 * A request may fail although events come in: one that was under way when the server came back, say. No event tells
 * then that all is well, so it is tried out.
 */
function watchForReturn(studio: Studio, greeting: () => Promise<void>): void {
  setTimeout(() => {
    if (studio.store.get().connection !== "lost") return;
    if (!studio.events.isOpen) {
      watchForReturn(studio, greeting); // The events tell when it is back.
      return;
    }
    studio.client.state().then(greeting, () => watchForReturn(studio, greeting));
  }, RETURN_PAUSE_MS);
}

/** The server is there, for the first time or again. */
async function greet(
  studio: Studio,
  arrived: () => Promise<void>,
  remembered: () => string | null,
): Promise<void> {
  const { store, outbox } = studio;
  store.set({ connection: "online" });
  if (!(await refreshState(studio))) return;
  await arrived();
  const id = openIdOf(store.get());
  if (id) await openPicture(studio, id);
  else await openSomething(studio, remembered());
  outbox.resume();
  void fetchWall(studio);
}

async function refreshAndOpen(studio: Studio, remembered: () => string | null): Promise<void> {
  if ((await refreshState(studio)) && openIdOf(studio.store.get()) === null)
    await openSomething(studio, remembered());
}

/** Another tab changed the parts: labels have other ids now. */
async function partsChanged(studio: Studio, version: number): Promise<void> {
  await studio.outbox.settled();
  if (studio.store.get().busy || studio.store.get().server?.parts_version === version) return;
  await refreshState(studio);
  const id = openIdOf(studio.store.get());
  if (id) await openPicture(studio, id);
  void fetchWall(studio);
}

/** Several calls within a moment become one. */
function soon(action: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => void action(), REFRESH_PAUSE_MS);
  };
}

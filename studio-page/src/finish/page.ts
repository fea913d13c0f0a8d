import { button } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import { icon } from "../dom/icons";
import type { ServerState, Verb } from "../server/types";
import { lastJob, startJob } from "../studio/jobs";
import { refreshState } from "../studio/pictures";
import { runningJob, type AppState } from "../studio/state";
import type { Studio } from "../studio/studio";
import { counted, labelsPhotos, one } from "../studio/words";
import { beforeDistil, beforeExport, beforeFit, type Before } from "./before";
import { beforeFolder, countedPhotos } from "./folder";
import { jobView } from "./job_view";
import { tryPanel, type TryPanel } from "./try_panel";

type Step = AppState["finishStep"];

interface StepText {
  readonly name: Step;
  readonly title: string;
  readonly does: string;
  /** The same where photos are labelled. */
  readonly onPhotos?: string;
  readonly verb: Verb | null;
}

const STEPS: readonly StepText[] = [
  {
    name: "fit",
    title: "Fit",
    does: "Learns the parts from your labelled pictures. Seconds.",
    onPhotos:
      "Learns the parts from your labelled photos. Seconds, and a second for each photo not read yet.",
    verb: "fit",
  },
  {
    name: "distil",
    title: "Distil",
    does: "Labels hundreds of generated pictures and trains a small, fast network on them. It can be stopped, and goes on where it was.",
    onPhotos:
      "Labels the photos of the folder and trains a small, fast network on them. It can be stopped, and goes on where it was.",
    verb: "distil",
  },
  {
    name: "export",
    title: "Export",
    does: "Writes the network to one ONNX file that runs in a browser, and without Partly.",
    verb: "export",
  },
  {
    name: "try",
    title: "Try it",
    does: "A photo of yours, or the camera. The network runs in this browser.",
    verb: null,
  },
  {
    name: "folder",
    title: "Segment",
    does: "All photos of the project, on the machine where the studio runs.",
    verb: "segment",
  },
];

export interface FinishPage {
  readonly element: HTMLElement;
  readonly tryOut: TryPanel;
  /** Puts photos into the project's folder. */
  addPhotos(files: readonly File[]): Promise<void>;
}

/** From labels to a network that segments photos. */
export function finishPage(studio: Studio): FinishPage {
  const tryOut = tryPanel(studio);
  const title = el("h2", { id: "finish-title" });
  const does = el("p", { class: "note" });
  const why = el("p", { class: "note why" });
  const view = jobView(studio);
  const folder = beforeFolder(studio);
  const befores: Readonly<Record<Verb, Before>> = {
    fit: beforeFit(studio),
    distil: beforeDistil(studio),
    export: beforeExport(studio),
    segment: folder,
  };
  const begin = (): void => {
    const { finishStep, server } = studio.store.get();
    const verb = STEPS.find((other) => other.name === finishStep)?.verb;
    if (!verb || !server) return;
    const job = lastJob(server.jobs, verb);
    // Only with the same options does a job that was stopped go on.
    const goesOn = job?.state === "stopped";
    const options = goesOn ? { ...job.options } : { ...befores[verb].options() };
    if (!goesOn && learnsFromLabels(finishStep) && server.missing_parts.length > 0) {
      options["allow_missing_parts"] = true;
    }
    if (!goesOn && isDone(server, finishStep) && verb !== "export") options["again"] = true;
    void studio.outbox.settled().then(() => startJob(studio, verb, options));
  };
  const start = button({ label: "Start", text: true, icon: "play", class: "primary", press: begin });
  const next = button({
    label: "Next",
    text: true,
    icon: "right",
    class: "primary",
    press: () => {
      const place = STEPS.findIndex((step) => step.name === studio.store.get().finishStep);
      studio.store.set({ finishStep: STEPS[Math.min(STEPS.length - 1, place + 1)].name });
    },
  });
  const jobPart = el(
    "div",
    { class: "finish-job" },
    ...Object.values(befores).map((before) => before.element),
    view.element,
  );
  studio.store.watch(
    (state) => [state.finishStep, state.server, state.connection],
    () => {
      const state = studio.store.get();
      const step = STEPS.find((other) => other.name === state.finishStep)!;
      setText(title, step.title);
      setText(does, labelsPhotos(state) ? (step.onPhotos ?? step.does) : step.does);
      show(start, step.verb !== null);
      show(jobPart, step.verb !== null);
      show(tryOut.element, step.verb === null);
      for (const [verb, before] of Object.entries(befores)) {
        show(before.element, verb === step.verb && runningJob(state)?.verb !== verb);
      }
      if (!step.verb) {
        setText(why, "");
        show(next, false);
        return;
      }
      const job = state.server ? lastJob(state.server.jobs, step.verb) : null;
      const obstacle = obstacleOf(state, step.name);
      start.disabled = obstacle !== null;
      setText(
        start.querySelector(".button-text")!,
        job?.state === "stopped" ? "Go on" : isDone(state.server, step.name) ? "Again" : "Start",
      );
      start.classList.toggle("primary", !isDone(state.server, step.name));
      setText(why, obstacle ?? withoutMissing(state, step.name));
      view.update(job);
      const after = STEPS[STEPS.indexOf(step) + 1];
      show(next, isDone(state.server, step.name) && after !== undefined);
      setText(next.querySelector(".button-text")!, `Next: ${after?.title ?? ""}`);
    },
  );
  studio.store.watch(
    (state) => state.page,
    (page) => {
      if (page !== "finish") return;
      studio.store.set({ finishStep: stepNow(studio.store.get()) });
      void studio.outbox.settled().then(() => refreshState(studio));
    },
  );
  const element = el(
    "div",
    { class: "finish" },
    stepList(studio),
    el(
      "main",
      { class: "finish-main", attrs: { "aria-labelledby": "finish-title", tabindex: -1 } },
      el(
        "header",
        { class: "finish-head" },
        el("div", { class: "grow" }, title, does, why),
        el("div", { class: "actions" }, start, next),
      ),
      jobPart,
      tryOut.element,
    ),
  );
  return { element, tryOut, addPhotos: folder.add };
}

/** Where the person is: what runs, else what is to be done next; what was looked at last when all is done. */
function stepNow(state: Readonly<AppState>): Step {
  const { server, finishStep } = state;
  if (!server || finishStep === "try") return finishStep;
  const running = runningJob(state)?.verb;
  const step =
    STEPS.find(({ verb }) => verb === running) ??
    STEPS.find(({ name, verb }) => verb && !isDone(server, name));
  return step && (running || step.name !== "folder") ? step.name : "try";
}

function stepList(studio: Studio): HTMLElement {
  const items = STEPS.map((step, place) => {
    const state = el("span", { class: "step-state" });
    const number = el("span", { class: "step-number", attrs: { "aria-hidden": "true" } });
    const press = el(
      "button",
      {
        class: "step",
        attrs: { type: "button" },
        on: { click: () => studio.store.set({ finishStep: step.name }) },
      },
      number,
      el("span", { class: "step-text" }, el("strong", {}, step.title), state),
    );
    studio.store.watch(
      (now) => [now.finishStep, now.server],
      () => {
        const now = studio.store.get();
        if (now.finishStep === step.name) press.setAttribute("aria-current", "step");
        else press.removeAttribute("aria-current");
        setText(state, describe(now, step.name));
        const done = isDone(now.server, step.name);
        press.classList.toggle("done", done);
        number.replaceChildren(done ? icon("check") : String(place + 2));
      },
    );
    return el("li", {}, press);
  });
  const labelled = el("span", { class: "step-state" });
  const number = el("span", { class: "step-number", attrs: { "aria-hidden": "true" } }, "1");
  const back = el(
    "button",
    { class: "step", attrs: { type: "button" }, on: { click: () => studio.store.set({ page: "label" }) } },
    number,
    el("span", { class: "step-text" }, el("strong", {}, "Label"), labelled),
  );
  studio.store.watch(
    (now) => [nPainted(now.server), labelsPhotos(now)] as const,
    ([n]) => {
      setText(
        labelled,
        n === 0
          ? `no ${one(studio.store.get())} is painted yet`
          : `${counted(studio.store.get(), n)} ${n === 1 ? "is" : "are"} painted`,
      );
      back.classList.toggle("done", n > 0);
      number.replaceChildren(n > 0 ? icon("check") : "1");
    },
  );
  return el(
    "nav",
    { class: "steps", attrs: { "aria-label": "Steps" } },
    el("ol", {}, el("li", {}, back), ...items),
  );
}

function nPainted(server: ServerState | null): number {
  return server?.pictures.filter((picture) => picture.status !== "new").length ?? 0;
}

function isDone(server: ServerState | null, step: Step): boolean {
  if (!server) return false;
  if (step === "fit") return server.models.few_shot === "ready";
  if (step === "distil") return server.models.auto_shot === "ready";
  return step === "export" && server.models.onnx;
}

function describe(state: Readonly<AppState>, step: Step): string {
  const { server } = state;
  if (!server) return "";
  if (step === "try") {
    if (server.models.onnx) return "photos and camera, in this browser";
    const isFitted = labelsPhotos(state) && server.models.few_shot !== "missing";
    return isFitted ? "photos, by Partly’s server" : "when there is a network";
  }
  const job = lastJob(server.jobs, step === "folder" ? "segment" : step);
  if (job?.state === "running") {
    return job.total ? `${Math.round((100 * job.done) / job.total)} %` : "at work";
  }
  if (job?.state === "failed") return "did not work";
  if (job?.state === "stopped") return "stopped, can go on";
  if (step === "export") return server.models.onnx ? "done" : "not yet";
  if (step === "folder") return job?.state === "done" ? "done" : countedPhotos(server.n_photos);
  const model = step === "fit" ? server.models.few_shot : server.models.auto_shot;
  return { missing: "not yet", stale: "older than your labels", ready: "done" }[model];
}

function learnsFromLabels(step: Step): boolean {
  return step === "fit" || step === "distil";
}

/** What a step would do without; nothing is wrong with that, but the person should know. */
function withoutMissing({ server }: Readonly<AppState>, step: Step): string {
  const missing = server?.missing_parts ?? [];
  if (!learnsFromLabels(step) || missing.length === 0) return "";
  return `Not painted anywhere yet: ${missing.join(", ")}. Without a stroke of it, a part is never found.`;
}

/** Why a step cannot begin now; null: it can. */
function obstacleOf(state: Readonly<AppState>, step: Step): string | null {
  const { server } = state;
  if (!server || state.connection !== "online") return "The studio’s server does not answer.";
  const running = runningJob(state);
  if (running)
    return running.verb === (step === "folder" ? "segment" : step)
      ? ""
      : `Wait until “${running.verb}” is done, or stop it.`;
  if (learnsFromLabels(step) && nPainted(server) === 0)
    return `Paint at least two parts of one ${one(state)} first.`;
  const missing = server.missing_parts.length;
  if (learnsFromLabels(step) && server.parts.length - missing < 2)
    return "Only one part is painted. Paint a little of another, too.";
  if (step === "folder" && labelsPhotos(state)) {
    // What is fitted on photos segments photos by itself, a second each.
    const { few_shot, auto_shot } = server.models;
    return few_shot === "missing" && auto_shot === "missing" ? "Fit first." : null;
  }
  if ((step === "export" || step === "folder") && server.models.auto_shot === "missing")
    return "Distil first.";
  if (step === "folder" && server.n_photos === 0) return "Add photos first.";
  return null;
}

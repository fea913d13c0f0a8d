import { button, progressBar } from "../dom/controls";
import { el, setText, show } from "../dom/el";
import type { Job } from "../server/types";
import { cancelJob } from "../studio/jobs";
import type { Studio } from "../studio/studio";
import { curves } from "./curves";

export interface JobView {
  readonly element: HTMLElement;
  update(job: Job | null): void;
}

/** What a job does, how far it is, its curves and pictures. */
export function jobView(studio: Studio): JobView {
  const text = el("p", { class: "job-text", attrs: { role: "status" } });
  const time = el("p", { class: "note job-time" });
  const bar = progressBar("Progress");
  const stop = button({
    label: "Stop",
    text: true,
    icon: "stop",
    press: () => job && void cancelJob(studio, job.id),
  });
  const error = el("p", { class: "job-error", attrs: { role: "alert" } });
  const charts = el("div", { class: "job-curves" });
  const panels = el("div", { class: "job-panels" });
  let job: Job | null = null;
  let drawnCurves = "";
  let drawnPanels = "";
  const element = el(
    "div",
    { class: "job" },
    el("div", { class: "job-head" }, text, time, stop),
    bar.element,
    error,
    el("div", { class: "job-body" }, charts, panels),
  );
  return {
    element,
    update(next) {
      job = next;
      show(element, next !== null);
      if (!next) return;
      const isRunning = next.state === "running";
      element.dataset["verb"] = next.verb;
      setText(text, sentence(next));
      setText(time, isRunning && next.time_left_s !== null ? `about ${duration(next.time_left_s)} left` : "");
      show(stop, isRunning);
      show(bar.element, isRunning || next.state === "stopped");
      bar.set(next.total ? next.done / next.total : null);
      show(error, Boolean(next.error));
      setText(error, next.error ?? "");
      const curvesNow = JSON.stringify(next.curves);
      if (curvesNow !== drawnCurves) {
        drawnCurves = curvesNow;
        charts.replaceChildren(curves(next.curves));
      }
      // While a network learns, its panels show the same pictures again and again: the last one says it all.
      const shown = next.verb === "distil" ? next.panels.slice(-1) : next.panels;
      if (shown.join("\n") !== drawnPanels) {
        drawnPanels = shown.join("\n");
        panels.replaceChildren(...shown.map(panel));
      }
    },
  };
}

function panel(url: string, place: number): HTMLElement {
  return el(
    "a",
    { class: "panel", attrs: { href: url, target: "_blank", rel: "noopener", title: "See it large" } },
    el("img", {
      attrs: { src: url, alt: `Panel ${place + 1} of this job`, loading: "lazy", decoding: "async" },
    }),
  );
}

function sentence(job: Job): string {
  if (job.state === "failed") return "This did not work.";
  if (job.state === "stopped") return "Stopped. Press Start, and it goes on where it was.";
  return job.text
    ? job.text[0].toUpperCase() + job.text.slice(1)
    : job.state === "done"
      ? "Done."
      : "Beginning …";
}

/** Seconds in words: "40 s", "3 min", "1 h 20 min". */
export function duration(seconds: number): string {
  if (seconds < 55) return `${Math.max(1, Math.round(seconds / 5) * 5)} s`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

import type { Job, Verb } from "../server/types";
import { attempt, type Studio } from "./studio";

export async function startJob(studio: Studio, verb: Verb, options: Record<string, unknown>): Promise<void> {
  const job = await attempt(studio, () => studio.client.startJob(verb, options));
  if (job) takeJob(studio, job);
}

export async function cancelJob(studio: Studio, id: string): Promise<void> {
  const job = await attempt(studio, () => studio.client.cancelJob(id));
  if (job) takeJob(studio, job);
}

/** Puts a job's news into the state; true when the job was running before and is not any more. */
export function takeJob(studio: Studio, job: Job): boolean {
  const { server } = studio.store.get();
  if (!server) return false;
  const before = server.jobs.find((other) => other.id === job.id);
  const jobs = before
    ? server.jobs.map((other) => (other.id === job.id ? job : other))
    : [...server.jobs, job];
  studio.store.set({ server: { ...server, jobs } });
  return job.state !== "running" && before?.state === "running";
}

/** The last job of a verb; null when there was none. */
export function lastJob(jobs: readonly Job[], verb: Verb): Job | null {
  return jobs
    .filter((job) => job.verb === verb)
    .reduce<Job | null>((last, job) => (last && last.started >= job.started ? last : job), null);
}

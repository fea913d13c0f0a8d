import type { Studio } from "./studio";

const MOST_WAITING = 3;
let chain: Promise<void> = Promise.resolve();
let nWaiting = 0;

/**
 * What changes labels on the server runs alone: after all that was asked before, and nothing is painted meanwhile.
 * False where too much waits already (a key held down).
 */
export async function exclusive(studio: Studio, action: () => Promise<void>): Promise<boolean> {
  if (nWaiting >= MOST_WAITING) return false;
  nWaiting++;
  studio.store.set({ busy: true });
  const mine = chain.then(action);
  const ended = (): void => {
    nWaiting--;
    if (nWaiting === 0) studio.store.set({ busy: false });
  };
  chain = mine.then(ended, ended); // What fails does not stop what comes after it.
  await mine;
  return true;
}

export function isExclusive(): boolean {
  return nWaiting > 0;
}

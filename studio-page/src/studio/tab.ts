/** Who this tab is, and whether other tabs are still there. */

const KEPT = "partly.tab";
const TRIES = 5;
const PAUSE_MS = 60;

/**
 * This tab's name: that of before a reload, unless a copy of the tab has it. It holds a lock for as long as it lives.
 * Browsers have locks on this machine, or over https, only; elsewhere the name is trusted.
 */
export async function takeTab(): Promise<string> {
  const known = read();
  const isMine = known !== null && (await holds(known));
  const tab = isMine ? known : newTabId();
  if (!isMine) await holds(tab);
  try {
    sessionStorage.setItem(KEPT, tab);
  } catch {
    // Nothing is remembered: a reload is another tab then.
  }
  return tab;
}

/** Whether a tab is gone. Where the browser cannot tell: yes, as a stroke sent twice harms nothing. */
export async function isTabGone(tab: string): Promise<boolean> {
  if (!navigator.locks) return true;
  const { held = [] } = await navigator.locks.query();
  return !held.some((lock) => lock.name === lockName(tab));
}

/** Takes the lock of a name; false where another tab has it. A page that was just left may take a moment to let go. */
async function holds(tab: string): Promise<boolean> {
  if (!navigator.locks) return true;
  for (let turn = 0; turn < TRIES; turn++) {
    if (await take(tab)) return true;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return false;
}

function take(tab: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(lockName(tab), { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => undefined) : undefined;
    });
  });
}

function read(): string | null {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

function newTabId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return [...bytes].map((byte) => byte.toString(36).padStart(2, "0")).join("");
}

function lockName(tab: string): string {
  return `partly-tab-${tab}`;
}

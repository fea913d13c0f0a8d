import type { Keeper, Kept } from "./outbox";

const DATABASE = "partly-studio";
const STROKES = "strokes";

interface Row extends Kept {
  /** The project and the tab that painted it. */
  readonly project: string;
  readonly tab: string;
}

/** Unsaved strokes in the browser's database, so that they outlive the page and the browser. */
export class OutboxStore implements Keeper {
  /** The project's folder, as soon as the server has told it; before, nothing can be painted. */
  project = "";

  private constructor(
    private readonly database: IDBDatabase | null,
    private readonly tab: string,
  ) {}

  /** Where the browser has no database (some private windows), strokes are kept in memory only. */
  static async open(tab: string): Promise<OutboxStore> {
    return new OutboxStore(await openDatabase(), tab);
  }

  /** Strokes of this project that this tab (before a reload) or tabs that are gone left behind: this tab's now. */
  async inherit(isGone: (tab: string) => Promise<boolean>): Promise<Kept[]> {
    const rows = (await this.rows()).filter((row) => row.project === this.project);
    const inherited: Kept[] = [];
    for (const row of rows) {
      if (row.tab !== this.tab && !(await isGone(row.tab))) continue;
      await this.write((strokes) => strokes.delete([row.tab, row.key]));
      const { project: _project, tab: _tab, ...kept } = row;
      inherited.push({ ...kept, key: inherited.length + 1 });
    }
    for (const kept of inherited) await this.add(kept);
    return inherited;
  }

  async add(item: Kept): Promise<void> {
    const row: Row = { ...item, project: this.project, tab: this.tab };
    await this.write((strokes) => strokes.put(row));
  }

  async remove(key: number): Promise<void> {
    await this.write((strokes) => strokes.delete([this.tab, key]));
  }

  private rows(): Promise<Row[]> {
    if (!this.database) return Promise.resolve([]);
    const request = this.database.transaction(STROKES).objectStore(STROKES).getAll() as IDBRequest<Row[]>;
    return settled(request).catch(() => []);
  }

  private async write(change: (strokes: IDBObjectStore) => IDBRequest): Promise<void> {
    if (!this.database) return;
    try {
      await settled(change(this.database.transaction(STROKES, "readwrite").objectStore(STROKES)));
    } catch (error) {
      // Full, or closed by the browser: painting goes on, and the server has most of it anyway.
      console.warn("A stroke could not be kept in the browser.", error);
    }
  }
}

function openDatabase(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STROKES, { keyPath: ["tab", "key"] });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}

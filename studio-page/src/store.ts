/** State in one place: replaced, never changed, and told to whoever looks at a piece of it. */
export class Store<T extends object> {
  private readonly watchers = new Set<() => void>();

  constructor(private state: T) {}

  get(): Readonly<T> {
    return this.state;
  }

  set(change: Partial<T>): void {
    this.state = { ...this.state, ...change };
    for (const watcher of [...this.watchers]) watcher();
  }

  /** Calls back now, and whenever a piece of the state becomes another one. */
  watch<P>(piece: (state: Readonly<T>) => P, callback: (value: P) => void): () => void {
    let last = piece(this.state);
    const watcher = (): void => {
      const value = piece(this.state);
      if (sameValue(value, last)) return;
      last = value;
      callback(value);
    };
    this.watchers.add(watcher);
    callback(last);
    return () => this.watchers.delete(watcher);
  }
}

/** Equal, or arrays with equal items: so that a piece can be several things at once. */
function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  return (
    Array.isArray(a) &&
    Array.isArray(b) &&
    a.length === b.length &&
    a.every((item, i) => Object.is(item, b[i]))
  );
}

/** Tells several listeners that something happened. */
export class Signal<T> {
  private readonly listeners = new Set<(value: T) => void>();

  on(listener: (value: T) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(value: T): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}

import { Signal } from "../store";
import type { ServerEvents } from "./types";

type Name = keyof ServerEvents;

const NAMES: readonly Name[] = [
  "hello",
  "prediction",
  "wall",
  "quality",
  "pictures",
  "proposing",
  "parts",
  "live",
  "features",
  "job",
  "superpixels",
  "taken",
  "saved",
  "problem",
  "closing",
];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

/** The server's events, with a connection that is opened again for as long as the page lives. */
export class Events {
  readonly lost = new Signal<void>();
  private readonly signals = new Map<Name, Signal<unknown>>(
    NAMES.map((name) => [name, new Signal<unknown>()]),
  );
  private source: EventSource | null = null;
  private pauseMs = FIRST_PAUSE_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly url: string) {}

  on<N extends Name>(name: N, listener: (value: ServerEvents[N]) => void): void {
    this.signals.get(name)?.on((value) => listener(value as ServerEvents[N]));
  }

  /** Whether the server's events come in at the moment. */
  get isOpen(): boolean {
    return this.source?.readyState === EventSource.OPEN;
  }

  connect(): void {
    clearTimeout(this.retry);
    this.source?.close();
    const source = new EventSource(this.url);
    this.source = source;
    for (const name of NAMES) {
      source.addEventListener(name, (event) => {
        if (name === "hello") this.pauseMs = FIRST_PAUSE_MS;
        const text = (event as MessageEvent<string>).data;
        this.signals.get(name)?.emit(text ? JSON.parse(text) : {});
      });
    }
    source.onerror = () => this.reconnect(source);
  }

  close(): void {
    clearTimeout(this.retry);
    this.source?.close();
  }

  private reconnect(source: EventSource): void {
    if (source !== this.source) return;
    source.close();
    this.lost.emit();
    this.retry = setTimeout(() => this.connect(), this.pauseMs);
    this.pauseMs = Math.min(LONGEST_PAUSE_MS, this.pauseMs * 1.6);
  }
}

import { el } from "../dom/el";
import type { Point } from "../painting/raster";
import type { Studio } from "../studio/studio";
import type { Easel } from "./easel";

/** The ring that shows the size of brush, eraser and line, and a cross for the keyboard's pointer. */
export class Cursor {
  private readonly core = el("div", { class: "ring-core" });
  private readonly ring = el("div", { class: "ring", attrs: { hidden: true } }, this.core);
  private readonly cross = el("div", { class: "cross", attrs: { hidden: true } });
  private at: Point | null = null;
  private crossAt: Point | null = null;

  constructor(
    private readonly studio: Studio,
    private readonly easel: Easel,
  ) {
    easel.overlay.append(this.ring, this.cross);
    easel.viewed.on(() => this.draw());
    studio.store.watch(
      (state) => [state.tool, state.options, state.open, state.lookAt],
      () => this.draw(),
    );
  }

  /** Where the pointer is, in pixels of the picture; null where it is elsewhere, or a finger hides it. */
  point(at: Point | null): void {
    this.at = at;
    this.draw();
  }

  /** Where the keyboard's pointer is; null: the keyboard does not paint. */
  setCross(at: Point | null, isDown: boolean): void {
    this.crossAt = at;
    this.cross.classList.toggle("down", isDown);
    if (at) this.at = at;
    this.draw();
  }

  private draw(): void {
    const { tool, options, open, lookAt } = this.studio.store.get();
    const isRound = tool === "brush" || tool === "eraser" || tool === "line";
    const isReady = open?.state === "ready" && !open.server?.held && lookAt === null;
    this.easel.element.dataset["tool"] = tool;
    this.ring.hidden = !this.at || !isRound || !isReady;
    this.cross.hidden = !this.crossAt || !isReady;
    if (this.crossAt) move(this.cross, this.easel.toFrame(this.crossAt));
    if (this.ring.hidden || !this.at) return;
    const diameter = tool === "line" ? options.lineWidthPx : options.sizePx;
    const px = Math.max(3, diameter * this.easel.view.scale);
    const hardness = tool === "line" ? 1 : options.hardness;
    this.ring.style.width = this.ring.style.height = `${px}px`;
    this.core.style.width = this.core.style.height = `${100 * hardness}%`;
    this.core.hidden = hardness >= 0.99 || px < 16;
    move(this.ring, this.easel.toFrame(this.at));
  }
}

function move(element: HTMLElement, to: Point): void {
  element.style.transform = `translate(${to.x}px, ${to.y}px) translate(-50%, -50%)`;
}

import type { Point } from "../painting/raster";
import { UNLABELLED, indexBelow } from "../painting/raster";
import { choosePartAt } from "../studio/parts";
import type { Studio } from "../studio/studio";
import type { Easel } from "./easel";
import type { Tool, Touch } from "./tools";

const LEAST_PRESSURE = 0.3;
const WHEEL_STEP = 0.0016;
const MIND_CHANGED_MS = 350;

/** Mouse, pen and fingers on the easel: who paints, who pans, who zooms. */
export class Pointers {
  private readonly down = new Map<number, Point>();
  private painting: { pointer: number; tool: Tool; since: number } | null = null;
  private panning: number | null = null;
  private spaceHeld = false;

  constructor(
    private readonly studio: Studio,
    private readonly easel: Easel,
    private readonly toolNow: () => Tool | null,
    private readonly pointed: (at: Point | null, type: string) => void,
  ) {
    const { element } = easel;
    element.addEventListener("pointerdown", (event) => this.onDown(event));
    element.addEventListener("keydown", (event) => {
      if (/^(Tab|Enter|Arrow.*)$/.test(event.key)) element.classList.remove("by-pointer");
    });
    element.addEventListener("blur", () => element.classList.remove("by-pointer"));
    element.addEventListener("pointermove", (event) => this.onMove(event));
    element.addEventListener("pointerup", (event) => this.onUp(event));
    element.addEventListener("pointercancel", (event) => this.onCancel(event));
    element.addEventListener("pointerleave", () => this.hover(null, "mouse"));
    element.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("auxclick", (event) => event.preventDefault());
  }

  /** While the space bar is held, a drag moves the picture. */
  setSpace(isHeld: boolean): void {
    this.spaceHeld = isHeld;
    this.easel.element.classList.toggle("panning", isHeld);
  }

  get isPainting(): boolean {
    return this.painting !== null;
  }

  /** Drops the stroke that is being painted. */
  cancel(): void {
    this.painting?.tool.cancel();
    this.painting = null;
  }

  private onDown(event: PointerEvent): void {
    if (event.pointerType === "pen" && !this.studio.store.get().penSeen)
      this.studio.store.set({ penSeen: true });
    this.easel.element.classList.add("by-pointer");
    this.easel.element.focus({ preventScroll: true });
    this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    try {
      this.easel.element.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already.
    }
    if (event.pointerType === "touch" && this.down.size >= 2) {
      this.beginPinch();
      return;
    }
    if (event.button === 2) {
      this.pickPart(this.easel.toPicture(event.clientX, event.clientY));
      return;
    }
    if (this.shouldPan(event)) {
      this.panning = event.pointerId;
      this.easel.element.classList.add("panning");
      return;
    }
    if (event.button !== 0 || this.painting) return;
    const tool = this.toolNow();
    if (tool?.press(this.touch(event))) {
      this.painting = { pointer: event.pointerId, tool, since: performance.now() };
    }
  }

  private onMove(event: PointerEvent): void {
    const before = this.down.get(event.pointerId);
    if (before) this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (before && this.down.size === 2 && event.pointerType === "touch" && !this.painting) {
      this.pinch(event.pointerId, before);
    } else if (before && this.panning === event.pointerId) {
      this.easel.pan(event.clientX - before.x, event.clientY - before.y);
    } else if (this.painting?.pointer === event.pointerId) {
      this.drawAlong(event, this.painting.tool);
    }
    this.hover(this.easel.toPicture(event.clientX, event.clientY), event.pointerType);
  }

  private drawAlong(event: PointerEvent, tool: Tool): void {
    const steps = event.getCoalescedEvents?.() ?? [];
    for (const step of steps.length > 0 ? steps : [event]) tool.drag(this.touch(step));
  }

  private onUp(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    if (this.panning === event.pointerId) this.endPan();
    if (this.painting?.pointer !== event.pointerId) return;
    const { tool } = this.painting;
    this.painting = null;
    tool.release();
  }

  private onCancel(event: PointerEvent): void {
    this.down.delete(event.pointerId);
    if (this.panning === event.pointerId) this.endPan();
    if (this.painting?.pointer === event.pointerId) this.cancel();
  }

  private onWheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 : 1;
    if (event.shiftKey) {
      this.easel.pan(-(event.deltaX || event.deltaY) * unit, 0);
      return;
    }
    const speed = event.ctrlKey ? 6 : 1; // A pinch on a touchpad comes as small steps with the control key.
    const factor = Math.exp(-event.deltaY * unit * WHEEL_STEP * speed);
    this.easel.zoom(factor, this.easel.inFrame(event.clientX, event.clientY));
  }

  private shouldPan(event: PointerEvent): boolean {
    const { penSeen, tool } = this.studio.store.get();
    const isIdleFinger = event.pointerType === "touch" && penSeen; // A palm beside the pen.
    return event.button === 1 || this.spaceHeld || tool === "pan" || isIdleFinger;
  }

  private endPan(): void {
    this.panning = null;
    this.easel.element.classList.toggle("panning", this.spaceHeld);
  }

  /** A second finger: what the first one began to paint was the beginning of a pinch, unless it went on for long. */
  private beginPinch(): void {
    if (!this.painting) return;
    const { tool, since } = this.painting;
    this.painting = null;
    if (performance.now() - since < MIND_CHANGED_MS) tool.cancel();
    else tool.release();
  }

  private pinch(moved: number, before: Point): void {
    const other = [...this.down].find(([id]) => id !== moved)?.[1];
    const now = this.down.get(moved);
    if (!other || !now) return;
    const distance = (point: Point): number => Math.max(1, Math.hypot(point.x - other.x, point.y - other.y));
    const middle = this.easel.inFrame((now.x + other.x) / 2, (now.y + other.y) / 2);
    this.easel.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.easel.zoom(distance(now) / distance(before), middle);
  }

  private hover(at: Point | null, type: string): void {
    this.pointed(at, type);
    if (!this.painting || this.studio.store.get().tool === "polygon") this.toolNow()?.hover?.(at);
  }

  /** The right button chooses the part that lies under the pointer. */
  private pickPart(at: Point): void {
    const { labels, prediction } = this.studio.sheet;
    if (!labels) return;
    const x = Math.floor(at.x);
    const y = Math.floor(at.y);
    if (x < 0 || y < 0 || x >= labels.width || y >= labels.height) return;
    const painted = labels.data[y * labels.width + x];
    if (painted !== UNLABELLED) choosePartAt(this.studio, painted);
    else if (prediction) choosePartAt(this.studio, prediction.labels[indexBelow(prediction, labels, x, y)]);
  }

  private touch(event: PointerEvent): Touch {
    const isPen = event.pointerType === "pen";
    return {
      at: this.easel.toPicture(event.clientX, event.clientY),
      pressure: isPen ? LEAST_PRESSURE + (1 - LEAST_PRESSURE) * event.pressure : 1,
      straight: event.shiftKey,
    };
  }
}

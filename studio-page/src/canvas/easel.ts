import { el } from "../dom/el";
import { sameSize, type Point } from "../painting/raster";
import { Signal } from "../store";
import type { Studio } from "../studio/studio";
import { Layers } from "./layers";
import {
  centred,
  fitted,
  panned,
  revealed,
  toFrame,
  toPicture,
  zoomed,
  type Extent,
  type View,
} from "./viewport";

const NOTHING: Extent = { width: 0, height: 0 };

/** The frame in which the open picture lies, can be zoomed and moved. */
export class Easel {
  readonly layers: Layers;
  readonly element: HTMLElement;
  /** Over the picture, at the screen's resolution: pointers and polygons. */
  readonly overlay = el("div", { class: "easel-overlay" });
  readonly viewed = new Signal<View>();
  view: View = { scale: 1, x: 0, y: 0 };
  frame: Extent = NOTHING;
  picture: Extent = NOTHING;
  private isFitted = true;

  constructor(private readonly studio: Studio) {
    this.layers = new Layers(studio);
    this.element = el(
      "div",
      {
        class: "easel",
        id: "easel",
        attrs: {
          tabindex: 0,
          role: "application",
          "aria-label":
            "Picture to paint on. Arrow keys move the pointer, Enter puts the tool down or lifts it.",
        },
      },
      this.layers.element,
      this.overlay,
    );
    new ResizeObserver(() => this.onResize()).observe(this.element);
    studio.sheet.replaced.on(() => this.onReplaced());
  }

  /** A place on the screen as a place on the picture, in pixels. */
  toPicture(clientX: number, clientY: number): Point {
    return toPicture(this.view, this.inFrame(clientX, clientY));
  }

  toFrame(point: Point): Point {
    return toFrame(this.view, point);
  }

  inFrame(clientX: number, clientY: number): Point {
    const box = this.element.getBoundingClientRect();
    return { x: clientX - box.left, y: clientY - box.top };
  }

  fit(): void {
    this.isFitted = true;
    this.setView(fitted(this.frame, this.picture));
  }

  actual(): void {
    this.isFitted = false;
    this.setView(centred(1 / devicePixelRatio, this.frame, this.picture));
  }

  zoom(factor: number, anchor: Point = { x: this.frame.width / 2, y: this.frame.height / 2 }): void {
    this.isFitted = false;
    this.setView(zoomed(this.view, factor, anchor, this.frame, this.picture));
  }

  pan(dx: number, dy: number): void {
    this.isFitted = false;
    this.setView(panned(this.view, dx, dy, this.frame, this.picture));
  }

  reveal(point: Point): void {
    const view = revealed(this.view, point, this.frame);
    if (view.x !== this.view.x || view.y !== this.view.y) {
      this.isFitted = false;
      this.setView(view);
    }
  }

  private onReplaced(): void {
    const { labels } = this.studio.sheet;
    if (!labels || sameSize(labels, this.picture)) return;
    this.picture = { width: labels.width, height: labels.height };
    this.layers.element.style.width = `${labels.width}px`;
    this.layers.element.style.height = `${labels.height}px`;
    this.fit();
  }

  private onResize(): void {
    this.frame = { width: this.element.clientWidth, height: this.element.clientHeight };
    if (this.picture === NOTHING) return;
    if (this.isFitted) this.fit();
    else this.pan(0, 0);
  }

  private setView(view: View): void {
    const pixel = 1 / devicePixelRatio;
    const x = Math.round(view.x / pixel) * pixel;
    const y = Math.round(view.y / pixel) * pixel;
    this.view = { scale: view.scale, x, y };
    const { element } = this.layers;
    element.style.transform = `translate(${x}px, ${y}px) scale(${view.scale})`;
    element.style.setProperty("--hair", `${1 / view.scale}px`);
    element.classList.toggle("magnified", view.scale * devicePixelRatio >= 0.999);
    this.viewed.emit(this.view);
    this.studio.store.set({ scale: view.scale });
  }
}

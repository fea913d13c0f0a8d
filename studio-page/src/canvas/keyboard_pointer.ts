import type { Point } from "../painting/raster";
import type { Studio } from "../studio/studio";
import type { Cursor } from "./cursor";
import type { Easel } from "./easel";
import type { PolygonTool } from "./polygon_tool";
import type { Tool, Touch } from "./tools";

const ARROWS: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
const LONG_STEP = 10;

/** Painting without a pointer: arrows move a cross, Enter puts the tool down and lifts it. */
export class KeyboardPointer {
  private at: Point | null = null;
  private down: Tool | null = null;

  constructor(
    private readonly studio: Studio,
    private readonly easel: Easel,
    private readonly cursor: Cursor,
    private readonly toolNow: () => Tool | null,
    private readonly polygon: PolygonTool,
  ) {
    easel.element.addEventListener("keydown", (event) => this.onKey(event));
    easel.element.addEventListener("blur", () => this.lift());
    easel.element.addEventListener("pointerdown", () => this.leave());
    studio.sheet.replaced.on(() => this.leave());
  }

  get isDown(): boolean {
    return this.down !== null;
  }

  cancel(): void {
    this.down?.cancel();
    this.down = null;
    this.show();
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || this.studio.store.get().lookAt !== null) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.move(arrow, event.shiftKey ? LONG_STEP : 1);
    else if (event.key === "Enter") this.enter(event.shiftKey);
    else if (event.key === "Backspace" && this.studio.store.get().tool === "polygon") this.polygon.takeBack();
    else return;
    event.preventDefault();
  }

  private move(arrow: Point, step: number): void {
    const { labels } = this.studio.sheet;
    if (!labels) return;
    const start = this.at ?? {
      x: Math.floor(labels.width / 2) + 0.5,
      y: Math.floor(labels.height / 2) + 0.5,
    };
    const between = (value: number, most: number): number => Math.min(most - 0.5, Math.max(0.5, value));
    this.at = {
      x: between(start.x + (this.at ? arrow.x * step : 0), labels.width),
      y: between(start.y + (this.at ? arrow.y * step : 0), labels.height),
    };
    this.down?.drag(this.touch());
    if (!this.down) this.toolNow()?.hover?.(this.at);
    this.easel.reveal(this.at);
    this.show();
  }

  private enter(isShift: boolean): void {
    const tool = this.toolNow();
    if (this.polygon.isOpen && (isShift || !this.at)) {
      this.polygon.finish();
      return;
    }
    if (!this.at) {
      this.move({ x: 0, y: 0 }, 1);
      return;
    }
    if (this.down) {
      this.lift();
      return;
    }
    if (!tool?.press(this.touch())) return;
    const { tool: name } = this.studio.store.get();
    const staysDown = name === "brush" || name === "eraser" || name === "line" || name === "wand";
    if (staysDown) this.down = tool;
    else tool.release();
    this.show();
  }

  private lift(): void {
    this.down?.release();
    this.down = null;
    this.show();
  }

  private leave(): void {
    this.lift();
    this.at = null;
    this.cursor.setCross(null, false);
  }

  private show(): void {
    this.cursor.setCross(this.at, this.down !== null);
  }

  private touch(): Touch {
    return { at: this.at ?? { x: 0, y: 0 }, pressure: 1, straight: false };
  }
}

import { toHex } from "../colour/palette";
import { fillPolygon } from "../painting/polygon";
import type { Point } from "../painting/raster";
import { partId } from "../studio/state";
import { say, type Studio } from "../studio/studio";
import type { Easel } from "./easel";
import type { PolygonEditor } from "./polygon_editor";
import { paintAll, type Tool, type Touch } from "./tools";

/** Corners by presses; editable until it is closed. Konva, which draws it, is loaded when it is first needed. */
export class PolygonTool implements Tool {
  private editor: PolygonEditor | null = null;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly studio: Studio,
    private readonly easel: Easel,
  ) {
    studio.sheet.replaced.on(() => this.cancel());
  }

  /** Loads the editor ahead of the first corner. */
  prepare(): Promise<void> {
    this.loading ??= import("./polygon_editor").then(({ PolygonEditor: Editor }) => {
      this.editor = new Editor(this.easel, {
        colour: () => this.colour(),
        closed: (points) => this.close(points),
      });
    });
    return this.loading;
  }

  get isOpen(): boolean {
    return (this.editor?.points.length ?? 0) > 0;
  }

  press(touch: Touch): boolean {
    void this.prepare().then(() => this.editor?.press(touch.at));
    return true;
  }

  drag(touch: Touch): void {
    this.editor?.drag(touch.at);
  }

  release(): void {
    this.editor?.release();
  }

  hover(at: Point | null): void {
    this.editor?.hover(at);
  }

  cancel(): void {
    this.editor?.clear();
  }

  takeBack(): void {
    this.editor?.takeBack();
  }

  /** Closes what is there; says so where three corners are missing. */
  finish(): void {
    const points = this.editor?.points ?? [];
    if (points.length >= 3) this.close(points);
    else if (points.length > 0) say(this.studio, "A polygon needs three corners.");
  }

  private close(points: readonly Point[]): void {
    const { labels } = this.studio.sheet;
    const pixels: number[] = [];
    if (labels) fillPolygon(points, labels, (index) => pixels.push(index));
    this.editor?.clear();
    paintAll(this.studio, pixels);
  }

  private colour(): string {
    const state = this.studio.store.get();
    return toHex(state.server?.parts[partId(state)]?.colour ?? [255, 255, 255]);
  }
}

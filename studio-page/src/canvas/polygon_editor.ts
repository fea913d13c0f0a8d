import Konva from "konva/lib/Core";
import { Circle } from "konva/lib/shapes/Circle";
import { Line } from "konva/lib/shapes/Line";
import { nearestEdge } from "../painting/polygon";
import type { Point } from "../painting/raster";
import type { Easel } from "./easel";

const GRIP_PX = 6;
const REACH_PX = 12;

export interface PolygonOptions {
  readonly colour: () => string;
  readonly closed: (points: readonly Point[]) => void;
}

/** Draws an open polygon over the picture, with grips at its corners. It does not listen: the tool tells it. */
export class PolygonEditor {
  points: Point[] = [];
  private readonly stage: Konva.Stage;
  private readonly layer = new Konva.Layer({ listening: false });
  private readonly area = new Line({ closed: true, opacity: 0.4 });
  private readonly halo = new Line({ stroke: "rgba(0,0,0,0.65)", strokeWidth: 4, lineJoin: "round" });
  private readonly line = new Line({ stroke: "#ffffff", strokeWidth: 2, lineJoin: "round" });
  private grips: Circle[] = [];
  private held = -1;
  private moved = false;
  private pointer: Point | null = null;

  constructor(
    private readonly easel: Easel,
    private readonly options: PolygonOptions,
  ) {
    const container = document.createElement("div");
    container.className = "polygon-stage";
    easel.overlay.append(container);
    this.stage = new Konva.Stage({
      container,
      width: easel.frame.width,
      height: easel.frame.height,
      listening: false,
    });
    this.layer.add(this.area, this.halo, this.line);
    this.stage.add(this.layer);
    easel.viewed.on(() => this.draw());
  }

  /** A press: takes a corner, closes at the first one, puts one into an edge, or adds one at the end. */
  press(at: Point): void {
    this.moved = false;
    const corner = this.cornerNear(at);
    if (corner >= 0) {
      this.held = corner;
      return;
    }
    const edge = this.points.length >= 3 ? nearestEdge(this.points, at) : null;
    const isOnEdge =
      edge && edge.distance * this.easel.view.scale <= GRIP_PX && edge.after < this.points.length - 1;
    const place = isOnEdge ? edge.after + 1 : this.points.length;
    this.points.splice(place, 0, at);
    this.held = place;
    this.moved = true;
    this.draw();
  }

  drag(at: Point): void {
    if (this.held < 0) return;
    const start = this.points[this.held];
    const distance = Math.hypot(at.x - start.x, at.y - start.y) * this.easel.view.scale;
    if (!this.moved && distance < 3) return;
    this.moved = true;
    this.points[this.held] = at;
    this.draw();
  }

  /** A press on the first corner closes; so does a second one on the last (a double click). */
  release(): void {
    const isEnd = this.held === 0 || this.held === this.points.length - 1;
    const isClosed = isEnd && !this.moved && this.points.length >= 3;
    this.held = -1;
    if (isClosed) this.options.closed([...this.points]);
  }

  hover(at: Point | null): void {
    this.pointer = at;
    if (this.points.length > 0) this.draw();
  }

  takeBack(): void {
    this.points.pop();
    this.draw();
  }

  clear(): void {
    this.points = [];
    this.held = -1;
    this.draw();
  }

  private cornerNear(at: Point): number {
    return this.points.findIndex(
      (point) => Math.hypot(point.x - at.x, point.y - at.y) * this.easel.view.scale <= REACH_PX,
    );
  }

  private draw(): void {
    const { width, height } = this.easel.frame;
    if (this.stage.width() !== width || this.stage.height() !== height) this.stage.size({ width, height });
    const corners = this.points.map((point) => this.easel.toFrame(point));
    const loose =
      this.pointer && this.held < 0 && corners.length > 0 ? [this.easel.toFrame(this.pointer)] : [];
    const flat = [...corners, ...loose].flatMap((point) => [point.x, point.y]);
    this.area.points(flat).fill(this.options.colour());
    this.halo.points(flat);
    this.line.points(flat);
    this.drawGrips(corners);
    this.layer.batchDraw();
  }

  private drawGrips(corners: readonly Point[]): void {
    while (this.grips.length > corners.length) this.grips.pop()?.destroy();
    while (this.grips.length < corners.length) {
      const grip = new Circle({ stroke: "#000000", strokeWidth: 1.5 });
      this.grips.push(grip);
      this.layer.add(grip);
    }
    const canClose = corners.length >= 3;
    corners.forEach((corner, i) => {
      const isFirst = i === 0 && canClose;
      this.grips[i].setAttrs({
        ...corner,
        radius: isFirst ? GRIP_PX + 2 : GRIP_PX,
        fill: isFirst ? "#ffd166" : "#ffffff",
      });
    });
  }
}

import { indexBelow, type Size } from "./raster";

/** Superpixels of a picture: which cells of a coarser map belong to each, ready to be painted. */
export class Superpixels {
  private readonly starts: Uint32Array;
  private readonly cells: Uint32Array;

  /** @param ids superpixel of each cell, row by row, `size.width * size.height`. */
  constructor(
    readonly ids: Uint16Array,
    readonly size: Size,
  ) {
    let n = 0;
    for (const id of ids) if (id >= n) n = id + 1;
    this.starts = new Uint32Array(n + 1);
    for (const id of ids) this.starts[id + 1]++;
    for (let i = 0; i < n; i++) this.starts[i + 1] += this.starts[i];
    const next = this.starts.slice();
    this.cells = new Uint32Array(ids.length);
    ids.forEach((id, cell) => {
      this.cells[next[id]++] = cell;
    });
  }

  /** The superpixel at a place given as shares of the sides, 0 to 1; -1 outside. */
  at(shareX: number, shareY: number): number {
    const inside = shareX >= 0 && shareY >= 0 && shareX < 1 && shareY < 1;
    return inside ? this.ids[indexBelow(this.size, { width: 1, height: 1 }, shareX, shareY)] : -1;
  }

  /** Cells of one superpixel. */
  cellsOf(id: number): Uint32Array {
    return this.cells.subarray(this.starts[id], this.starts[id + 1]);
  }

  /** All pixels of a picture `width x height` that lie in one superpixel (each pixel is in the nearest cell). */
  visitPixels(id: number, width: number, height: number, visit: (index: number) => void): void {
    const { width: columns, height: rows } = this.size;
    for (const cell of this.cellsOf(id)) {
      const cx = cell % columns;
      const cy = (cell - cx) / columns;
      const bottom = Math.ceil(((cy + 1) * height) / rows);
      const right = Math.ceil(((cx + 1) * width) / columns);
      for (let y = Math.ceil((cy * height) / rows); y < bottom; y++) {
        for (let x = Math.ceil((cx * width) / columns); x < right; x++) visit(y * width + x);
      }
    }
  }
}

/** What lies between a photo and the network, as pure functions: the same as `partly segment` does. */

export interface Placed {
  /** uint8 `[size, size, 3]`, RGB. */
  readonly square: Uint8Array;
  /** Where the photo lies in it. */
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** How large a photo is when its longer side is `size`. */
export function scaledTo(size: number, width: number, height: number): { width: number; height: number } {
  const scale = size / Math.max(width, height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** A photo in the middle of a square, its edge pixels repeated outwards. @param rgba `[height, width, 4]` */
export function inSquare(rgba: Uint8ClampedArray, width: number, height: number, size: number): Placed {
  const top = Math.floor((size - height) / 2);
  const left = Math.floor((size - width) / 2);
  const square = new Uint8Array(size * size * 3);
  let out = 0;
  for (let y = 0; y < size; y++) {
    const row = Math.min(height - 1, Math.max(0, y - top)) * width;
    for (let x = 0; x < size; x++) {
      const i = 4 * (row + Math.min(width - 1, Math.max(0, x - left)));
      square[out++] = rgba[i];
      square[out++] = rgba[i + 1];
      square[out++] = rgba[i + 2];
    }
  }
  return { square, top, left, width, height };
}

/** A square `[size, size, 3]`, left and right exchanged. */
export function mirrored(square: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(square.length);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = 3 * (y * size + x);
      const to = 3 * (y * size + size - 1 - x);
      out[to] = square[from];
      out[to + 1] = square[from + 1];
      out[to + 2] = square[from + 2];
    }
  }
  return out;
}

/** Mean of logits `[k, size, size]` and those of the mirrored picture; `partner[id]` is what a part becomes there. */
export function averageMirrored(
  logits: Float32Array,
  mirror: Float32Array,
  nParts: number,
  size: number,
  partner: readonly number[],
): Float32Array {
  const out = new Float32Array(logits.length);
  const area = size * size;
  for (let k = 0; k < nParts; k++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const here = k * area + y * size + x;
        out[here] = (logits[here] + mirror[partner[k] * area + y * size + size - 1 - x]) / 2;
      }
    }
  }
  return out;
}

/**
 * The best part of every pixel of a photo: logits `[k, size, size]`, the filling cut off, upsampled bilinearly
 * (pixel middles, edges repeated), then the largest.
 */
export function bestParts(
  logits: Float32Array,
  nParts: number,
  size: number,
  placed: Pick<Placed, "top" | "left" | "width" | "height">,
  width: number,
  height: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(width * height);
  const best = new Float32Array(width);
  const columns = weights(width, placed.width);
  const rows = weights(height, placed.height);
  const area = size * size;
  for (let y = 0; y < height; y++) {
    const above = (placed.top + rows.low[y]) * size + placed.left;
    const below = (placed.top + rows.high[y]) * size + placed.left;
    const down = rows.share[y];
    const start = y * width;
    for (let k = 0; k < nParts; k++) {
      const a = k * area + above;
      const b = k * area + below;
      for (let x = 0; x < width; x++) {
        const low = columns.low[x];
        const high = columns.high[x];
        const right = columns.share[x];
        const upper = logits[a + low] + (logits[a + high] - logits[a + low]) * right;
        const lower = logits[b + low] + (logits[b + high] - logits[b + low]) * right;
        const value = upper + (lower - upper) * down;
        if (k === 0 || value > best[x]) {
          best[x] = value;
          out[start + x] = k;
        }
      }
    }
  }
  return out;
}

function weights(n: number, from: number): { low: Int32Array; high: Int32Array; share: Float32Array } {
  const low = new Int32Array(n);
  const high = new Int32Array(n);
  const share = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / n - 0.5));
    low[i] = Math.floor(at);
    high[i] = Math.min(from - 1, low[i] + 1);
    share[i] = at - low[i];
  }
  return { low, high, share };
}

import { clip, type Box, type Raster } from "../painting/raster";

export type Rgb = readonly [number, number, number];

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** One pixel of an ImageData's 32-bit view. */
export function packed(red: number, green: number, blue: number, alpha: number): number {
  return LITTLE_ENDIAN
    ? ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0
    : ((red << 24) | (green << 16) | (blue << 8) | alpha) >>> 0;
}

export interface Palette {
  /** 32-bit colours of pixels inside a part, by id. */
  readonly inner: Uint32Array;
  /** Of pixels at its edge: opaque, so that thin strokes stay readable on any picture. */
  readonly edge: Uint32Array;
}

/** Colours of all ids; unlabelled pixels and hidden parts are clear. Alphas are 0 to 255. */
export function paletteOf(
  colours: readonly Rgb[],
  hidden: (id: number) => boolean,
  innerAlpha: number,
  edgeAlpha: number,
): Palette {
  const inner = new Uint32Array(256);
  const edge = new Uint32Array(256);
  colours.forEach(([red, green, blue], id) => {
    if (hidden(id)) return;
    inner[id] = packed(red, green, blue, innerAlpha);
    edge[id] = packed(red, green, blue, edgeAlpha);
  });
  return { inner, edge };
}

/** Colours a box of a label map (and one pixel around it, whose edges may have changed). Gives the box coloured. */
export function paintColours(raster: Raster, box: Box, palette: Palette, out: Uint32Array): Box | null {
  const around = clip(box, raster, 1);
  if (!around) return null;
  const { data, width, height } = raster;
  const { inner, edge } = palette;
  for (let y = around.y; y < around.y + around.h; y++) {
    for (let x = around.x; x < around.x + around.w; x++) {
      const i = y * width + x;
      const id = data[i];
      const isEdge =
        (x > 0 && data[i - 1] !== id) ||
        (x < width - 1 && data[i + 1] !== id) ||
        (y > 0 && data[i - width] !== id) ||
        (y < height - 1 && data[i + width] !== id);
      out[i] = isEdge ? edge[id] : inner[id];
    }
  }
  return around;
}

/** Colours without edges. */
export function paintFlat(labels: Uint8Array, colours: Uint32Array, out: Uint32Array): void {
  for (let i = 0; i < labels.length; i++) out[i] = colours[labels[i]];
}

/** Whether dark or light text reads better on a colour (relative luminance of WCAG 2). */
export function inkOn(colour: Rgb): "dark" | "light" {
  const luminance = relativeLuminance(colour);
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "dark" : "light";
}

export function relativeLuminance([red, green, blue]: Rgb): number {
  const linear = (value: number): number => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

export function toHex([red, green, blue]: Rgb): string {
  return `#${[red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

export function fromHex(text: string): Rgb {
  const value = Number.parseInt(text.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

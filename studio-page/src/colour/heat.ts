import { packed, type Rgb } from "./palette";

/**
 * Doubt as colours: clear where the segmenter is sure, then indigo, magenta, orange and pale yellow. Lightness only
 * rises, so the order can be read with any kind of colour vision, and in grey.
 */
export const HEAT_STOPS: readonly Rgb[] = [
  [24, 16, 70],
  [92, 26, 118],
  [176, 48, 96],
  [236, 112, 48],
  [250, 190, 74],
  [252, 250, 190],
];

const CLEAR_UP_TO = 0.08;
const OPAQUE_FROM = 0.45;
const MOST_ALPHA = 235;

/** Colour of a doubt from 0 to 1. */
export function heatColour(doubt: number): Rgb {
  const place = Math.min(1, Math.max(0, doubt)) * (HEAT_STOPS.length - 1);
  const below = Math.min(HEAT_STOPS.length - 2, Math.floor(place));
  const share = place - below;
  const mix = (channel: 0 | 1 | 2): number =>
    Math.round(HEAT_STOPS[below][channel] * (1 - share) + HEAT_STOPS[below + 1][channel] * share);
  return [mix(0), mix(1), mix(2)];
}

/** 32-bit colours for doubts 0 to 255. */
export function heatTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const doubt = value / 255;
    const [red, green, blue] = heatColour(doubt);
    const rise = Math.min(1, Math.max(0, (doubt - CLEAR_UP_TO) / (OPAQUE_FROM - CLEAR_UP_TO)));
    return packed(red, green, blue, Math.round(MOST_ALPHA * rise));
  });
}

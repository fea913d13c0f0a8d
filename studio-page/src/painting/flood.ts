import type { Size } from "./raster";

/**
 * All pixels that are connected with the start (left, right, above, below) over pixels that match.
 *
 * Works on spans of rows: every span is entered once, its neighbours above and below are looked through.
 */
export function flood(
  size: Size,
  startX: number,
  startY: number,
  matches: (index: number) => boolean,
  visit: (index: number) => void,
): void {
  const { width, height } = size;
  if (startX < 0 || startY < 0 || startX >= width || startY >= height) return;
  if (!matches(startY * width + startX)) return;
  const seen = new Uint8Array(width * height);
  const open = [startY * width + startX];
  const wanted = (index: number): boolean => !seen[index] && matches(index);
  for (let seed = open.pop(); seed !== undefined; seed = open.pop()) {
    if (seen[seed]) continue;
    const row = seed - (seed % width);
    let left = seed;
    while (left > row && wanted(left - 1)) left--;
    let right = seed;
    while (right < row + width - 1 && wanted(right + 1)) right++;
    for (let i = left; i <= right; i++) {
      seen[i] = 1;
      visit(i);
    }
    if (row > 0) addSeeds(left - width, right - width, wanted, open);
    if (row < (height - 1) * width) addSeeds(left + width, right + width, wanted, open);
  }
}

function addSeeds(first: number, last: number, wanted: (index: number) => boolean, open: number[]): void {
  let inside = false;
  for (let i = first; i <= last; i++) {
    const now = wanted(i);
    if (now && !inside) open.push(i);
    inside = now;
  }
}

/**
 * Whether a pixel has about the colour of the start.
 *
 * @param rgba the picture, four bytes a pixel.
 * @param tolerance how far each of red, green and blue may be off, 0 to 255.
 */
export function colourMatcher(
  rgba: Uint8ClampedArray,
  start: number,
  tolerance: number,
): (index: number) => boolean {
  const red = rgba[4 * start];
  const green = rgba[4 * start + 1];
  const blue = rgba[4 * start + 2];
  return (index) =>
    Math.abs(rgba[4 * index] - red) <= tolerance &&
    Math.abs(rgba[4 * index + 1] - green) <= tolerance &&
    Math.abs(rgba[4 * index + 2] - blue) <= tolerance;
}

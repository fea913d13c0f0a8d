import { Signal } from "../store";
import { scratchFor, type Scratch } from "../painting/stroke";
import { wholeBox, type Box, type Raster } from "../painting/raster";
import type { Superpixels } from "../painting/superpixels";
import type { Prediction, WallPrediction } from "../server/types";

/** The open picture's pixels: what is painted, the picture itself, the prediction and the superpixels. */
export class Sheet {
  id: string | null = null;
  labels: Raster | null = null;
  scratch: Scratch | null = null;
  /** The picture, four bytes a pixel, at the label map's size; null until it is loaded. */
  pixels: Uint8ClampedArray | null = null;
  prediction: Prediction | null = null;
  superpixels: Superpixels | null = null;

  /** Labels in a box changed. */
  readonly painted = new Signal<Box>();
  /** Another prediction, or none any more. */
  readonly predicted = new Signal<void>();
  /** Another picture, or other superpixels. */
  readonly replaced = new Signal<void>();

  /** A picture that is still to come. */
  clear(id: string | null): void {
    this.id = id;
    this.labels = this.scratch = this.pixels = this.prediction = this.superpixels = null;
    this.replaced.emit();
    this.predicted.emit();
  }

  setLabels(labels: Raster): void {
    const sameSize = this.labels?.data.length === labels.data.length;
    this.labels = labels;
    if (!sameSize || !this.scratch) this.scratch = scratchFor(labels);
    this.replaced.emit();
    this.painted.emit(wholeBox(labels));
  }

  setPrediction(prediction: Prediction | null): void {
    this.prediction = prediction;
    this.predicted.emit();
  }

  setSuperpixels(superpixels: Superpixels | null): void {
    this.superpixels = superpixels;
    this.replaced.emit();
  }
}

/** What the wall's prediction says of one of its pictures. */
export function predictionAt(wall: WallPrediction, place: number): Prediction {
  const n = wall.width * wall.height;
  const own = (values: Uint8Array): Uint8Array => values.subarray(place * n, (place + 1) * n);
  return { ...wall, labels: own(wall.labels), doubt: own(wall.doubt) };
}

/** How unsure the segmenter is of a picture on average, 0 to 1. */
export function meanDoubt({ doubt }: Prediction): number {
  let sum = 0;
  for (const value of doubt) sum += value;
  return doubt.length ? sum / (255 * doubt.length) : 0;
}

/** Predictions of the wall, and who looks at them. */
export class WallSheet {
  prediction: WallPrediction | null = null;
  readonly predicted = new Signal<void>();

  set(prediction: WallPrediction | null): void {
    this.prediction = prediction;
    this.predicted.emit();
  }
}

import { paletteOf, paintColours, toHex, type Rgb } from "../colour/palette";
import { el, show } from "../dom/el";
import { countIds, wholeBox } from "../painting/raster";
import { save } from "../panels/label_dialogs";
import type { Part } from "../server/types";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A photo with its parts over it, and how much of it each part is. */
export class PartsView {
  private readonly photoCanvas = el("canvas", {
    class: "try-photo",
    attrs: { role: "img", "aria-label": "The photo" },
  });
  private readonly partsCanvas = el("canvas", {
    class: "try-parts",
    attrs: { role: "img", "aria-label": "Its parts, in their colours" },
  });
  readonly element = el(
    "div",
    { class: "try-result", attrs: { hidden: true } },
    this.photoCanvas,
    this.partsCanvas,
  );
  readonly legend = el("ul", { class: "try-legend", attrs: { "aria-label": "Parts found" } });
  private labels: Uint8Array | null = null;
  private parts: readonly Part[] = [];

  /** The photo as it is drawn, for the network. */
  get photo(): HTMLCanvasElement {
    return this.photoCanvas;
  }

  setOpacity(opacity: number): void {
    this.partsCanvas.style.opacity = String(opacity);
  }

  /** Draws a photo. `keepParts`: those of the picture before stay until there are new ones, as a camera wants it. */
  drawPhoto(source: CanvasImageSource, size: Size, keepParts: boolean): void {
    for (const canvas of [this.photoCanvas, this.partsCanvas]) {
      if (canvas.width !== size.width || canvas.height !== size.height) {
        canvas.width = size.width;
        canvas.height = size.height;
      }
    }
    this.element.style.setProperty("--ratio", String(size.width / size.height));
    const context = this.photoCanvas.getContext("2d");
    if (context) {
      context.imageSmoothingQuality = "high";
      context.drawImage(source, 0, 0, size.width, size.height);
    }
    if (!keepParts) {
      this.partsCanvas.getContext("2d")?.clearRect(0, 0, size.width, size.height);
      this.legend.replaceChildren();
    }
    show(this.element, true);
  }

  drawParts(labels: Uint8Array, size: Size, parts: readonly Part[]): void {
    this.labels = labels;
    this.parts = parts;
    const image = new ImageData(size.width, size.height);
    const colours = this.parts.map((part) => part.colour as Rgb);
    const raster = { ...size, data: labels };
    paintColours(
      raster,
      wholeBox(raster),
      paletteOf(colours, () => false, 205, 255),
      new Uint32Array(image.data.buffer),
    );
    this.partsCanvas.getContext("2d")?.putImageData(image, 0, 0);
    this.drawLegend(labels);
  }

  private drawLegend(labels: Uint8Array): void {
    const counts = countIds(labels);
    const found = this.parts
      .map((part, id) => ({ part, share: counts[id] / labels.length }))
      .filter(({ share }) => share > 0.0005);
    this.legend.replaceChildren(
      ...found.map(({ part, share }) =>
        el(
          "li",
          {},
          el("span", { class: "swatch", style: { "--part": toHex(part.colour) } }),
          el("span", { class: "grow" }, part.name),
          el("span", { class: "share" }, `${share < 0.01 ? "<1" : Math.round(100 * share)} %`),
        ),
      ),
    );
  }

  /** Gives the parts, or the photo with its parts, to the person as a PNG. */
  save(withPhoto: boolean): void {
    if (!this.labels) return;
    const canvas = el("canvas");
    canvas.width = this.photoCanvas.width;
    canvas.height = this.photoCanvas.height;
    const context = canvas.getContext("2d");
    if (!context) return;
    if (withPhoto) {
      context.drawImage(this.photoCanvas, 0, 0);
      context.globalAlpha = Number(this.partsCanvas.style.opacity);
      context.drawImage(this.partsCanvas, 0, 0);
    } else {
      const image = new ImageData(canvas.width, canvas.height);
      const colours = this.parts.map((part) => part.colour as Rgb);
      const { edge } = paletteOf(colours, () => false, 255, 255);
      const pixels = new Uint32Array(image.data.buffer);
      this.labels.forEach((id, i) => (pixels[i] = edge[id]));
      context.putImageData(image, 0, 0);
    }
    canvas.toBlob((blob) => blob && save(blob, withPhoto ? "photo-with-parts.png" : "photo-parts.png"));
  }
}

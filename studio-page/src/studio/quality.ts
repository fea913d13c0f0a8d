import type { PartQuality, Quality } from "../server/types";

/** A part's figure in per cent; "~" before what is no IoU, "–" where there is none. */
export function figureText(part: PartQuality): string {
  if (part.iou === null) return "–";
  const percent = String(Math.round(100 * part.iou));
  return part.measure === "two halves" ? `~${percent}` : percent;
}

/** What the figures of the parts are, in words; `one` is what is painted: "photo" or "picture". */
export function figuresNote(quality: Quality, one: string): string {
  const has = (measure: PartQuality["measure"]): boolean =>
    quality.parts.some((part) => part.measure === measure);
  const leftOut = `IoU in %: each painted ${one}, where it is painted, as the others predict it.`;
  const halves = `how far two halves of the features agree on other ${one}s. It is no IoU.`;
  if (!has("left out")) return has("two halves") ? `~ In %, ${halves}` : "";
  return has("two halves") ? `${leftOut} ~ Painted on one ${one} only: ${halves}` : leftOut;
}

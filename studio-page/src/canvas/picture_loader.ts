import type { Size } from "../painting/raster";
import { openIdOf, openSizeOf } from "../studio/state";
import { say, type Studio } from "../studio/studio";
import type { Easel } from "./easel";

const THUMBNAIL_PX = 192;

/** Brings the open picture onto the easel: its thumbnail, which is there already, then the picture itself. */
export function showPictures(studio: Studio, easel: Easel): void {
  studio.store.watch(
    (state) => [openIdOf(state), state.open?.server?.width_px, state.open?.server?.height_px],
    () => {
      const state = studio.store.get();
      const id = openIdOf(state);
      const size = openSizeOf(state);
      if (id && size) void load(studio, easel, id, size);
    },
  );
}

async function load(studio: Studio, easel: Easel, id: string, size: Size): Promise<void> {
  const isOpen = (): boolean => openIdOf(studio.store.get()) === id;
  if (studio.sheet.pixels && studio.sheet.id === id) return;
  const small = await decoded(studio.client.imageUrl(id, THUMBNAIL_PX));
  if (small && isOpen() && !studio.sheet.pixels) easel.layers.setPicture(small, size, false);
  const full = await decoded(studio.client.imageUrl(id));
  if (!isOpen()) return;
  if (full) easel.layers.setPicture(full, size, true);
  else if (studio.store.get().connection === "online")
    say(studio, "The picture could not be loaded. Choose it again.", "bad");
}

async function decoded(url: string): Promise<HTMLImageElement | null> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    return image;
  } catch {
    return null;
  }
}

import type { Picture } from "../server/types";
import { openPicture, refreshState } from "./pictures";
import { attempt, say, type Studio } from "./studio";

/** Makes a photo of the project's folder one to label, and opens it. */
export async function openPhoto(studio: Studio, name: string): Promise<void> {
  const picture = await attempt(studio, () => studio.client.takePhoto(name));
  if (picture) await show(studio, picture);
}

/** Adds photos to the project, one after another, and opens the first of them. */
export async function addPhotosToPaint(studio: Studio, files: readonly File[]): Promise<void> {
  const most = studio.store.get().server?.limits.photo_bytes ?? Infinity;
  let first: Picture | null = null;
  for (const file of files) {
    if (file.size > most) {
      say(studio, `${file.name} has more than ${Math.floor(most / 2 ** 20)} MB.`, "bad");
      continue;
    }
    const picture = await attempt(studio, () => studio.client.addToAlbum(file));
    first ??= picture;
  }
  if (first) await show(studio, first);
}

async function show(studio: Studio, picture: Picture): Promise<void> {
  await refreshState(studio);
  studio.store.set({ page: "label" });
  await openPicture(studio, picture.id);
}

import { refreshState } from "./pictures";
import { attempt, say, type Studio } from "./studio";

/** Puts photos into the project's folder, one after another; those that cannot be read are told. */
export async function addPhotos(
  studio: Studio,
  files: readonly File[],
  tell: (number: number, total: number) => void,
): Promise<void> {
  let added = 0;
  for (const [done, file] of files.entries()) {
    tell(done + 1, files.length);
    const most = studio.store.get().server?.limits.photo_bytes ?? Infinity;
    if (file.size > most) {
      say(studio, `${file.name} has more than ${Math.floor(most / 2 ** 20)} MB.`, "bad");
      continue;
    }
    if (await attempt(studio, () => studio.client.addPhoto(file))) added += 1;
  }
  if (added > 0) say(studio, added === 1 ? "Added a photo." : `Added ${added} photos.`);
  await refreshState(studio);
}

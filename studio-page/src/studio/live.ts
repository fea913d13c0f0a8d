import { Refused, Unreachable } from "../server/client";
import { markLost, say, type Studio } from "./studio";

/** One fetch at a time; when news came meanwhile, once more. The newest always wins. */
function single(fetchOnce: (studio: Studio) => Promise<void>): (studio: Studio) => Promise<void> {
  let running = false;
  let again = false;
  return async (studio) => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await fetchOnce(studio);
      } while (again);
    } catch (error) {
      if (error instanceof Unreachable) markLost(studio);
      else if (error instanceof Refused) say(studio, error.message, "bad");
      else throw error;
    } finally {
      running = false;
    }
  };
}

/** Brings the open picture's prediction. */
export const fetchPrediction = single(async (studio) => {
  const { sheet, client, store } = studio;
  const id = sheet.id;
  if (!id) return;
  const prediction = await client.prediction(id);
  if (sheet.id !== id) return;
  const isOlder = prediction && sheet.prediction && prediction.version < sheet.prediction.version;
  if (!isOlder) sheet.setPrediction(prediction);
  store.set({ predicted: sheet.prediction !== null });
});

/** Brings the wall's predictions. */
export const fetchWall = single(async (studio) => {
  studio.wall.set(await studio.client.wallPrediction());
});

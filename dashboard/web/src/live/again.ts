/** Loading that nobody watches: tried again after a growing pause, as a wall has nobody who presses retry. */
const FIRST_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 60_000;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Calls `load` until it succeeds or is no longer wanted; says whether it succeeded. */
export async function untilLoaded(
  load: () => Promise<unknown>,
  isWanted: () => boolean = () => true,
  wait: (ms: number) => Promise<void> = pause,
): Promise<boolean> {
  for (let ms = FIRST_PAUSE_MS; isWanted(); ms = Math.min(LONGEST_PAUSE_MS, ms * 2)) {
    try {
      await load();
      return true;
    } catch {
      await wait(ms);
    }
  }
  return false;
}

/** Loading that nobody watches: tried again after a growing pause, as a wall has nobody who presses retry. */
const FIRST_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 60_000;

/** What `untilAnswered` needs of a question; parts/asked.svelte.ts is one. */
interface Question {
  ask(): Promise<void>;
  readonly problem: { readonly kind: string } | undefined;
}

/** Asks until there is an answer; only what waiting can mend (no network, a server in trouble) is asked again. */
export async function untilAnswered(question: Question): Promise<void> {
  await untilLoaded(async () => {
    await question.ask();
    if (question.problem?.kind === "network" || question.problem?.kind === "server") throw question.problem;
  });
}

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

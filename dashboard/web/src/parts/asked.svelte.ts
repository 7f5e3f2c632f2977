/**
 * One request and what became of it: asking, slow (past 4 s), here, or a problem; asked again on demand.
 *
 * A newer question makes the answer to an older one worthless, so it is dropped.
 */
import { asProblem, type Problem } from "../api/http.ts";

const SLOW_AFTER_MS = 4_000;

export class Asked<T> {
  data = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  /** Wall ms of the answer held; -1 before the first. */
  atMs = -1;
  asking = $state(false);
  slow = $state(false);
  private turn = 0;

  constructor(private readonly question: () => Promise<T>) {}

  async ask(): Promise<void> {
    const turn = ++this.turn;
    this.asking = true;
    this.slow = false;
    const timer = setTimeout(() => {
      if (turn === this.turn) this.slow = true;
    }, SLOW_AFTER_MS);
    try {
      const data = await this.question();
      if (turn !== this.turn) return;
      this.atMs = Date.now();
      this.data = data;
      this.problem = undefined;
    } catch (error) {
      if (turn !== this.turn) return;
      this.problem = asProblem(error);
    } finally {
      clearTimeout(timer);
      if (turn === this.turn) {
        this.asking = false;
        this.slow = false;
      }
    }
  }

  /** For looks by the clock: none while an answer is awaited, or one slower than the clock would never be taken. */
  async again(): Promise<void> {
    if (!this.asking) await this.ask();
  }

  forget(): void {
    this.turn++;
    this.data = undefined;
    this.problem = undefined;
    this.asking = false;
    this.slow = false;
  }
}

/**
 * The plan of a drawing before it is saved: asked for, then looked after every second until there is an answer.
 *
 * Another drawing takes the place of the one before; whatever is still said of that is dropped.
 */
import { asProblem, type Problem } from "../api/http.ts";
import { askPreview, readPreview, type PreviewDraft, type SweepingPreview } from "../api/sweeping.ts";

const AGAIN_MS = 1_000;
const OPEN = ["waiting", "planning"];

export class Previewing {
  /** What is known of the newest drawing that was asked for. */
  found = $state.raw<SweepingPreview | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  asking = $state(false);
  /** The drawing that `found` is about, as text. */
  of = $state("");
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly id: string,
    private readonly api: { ask: typeof askPreview; read: typeof readPreview } = { ask: askPreview, read: readPreview },
  ) {}

  async ask(draft: PreviewDraft): Promise<void> {
    const turn = this.begin();
    this.of = JSON.stringify(draft);
    this.found = undefined;
    this.asking = true;
    await this.take(turn, draft);
  }

  /** Nobody waits any more: the page is left. */
  forget(): void {
    this.begin();
    this.asking = false;
  }

  private begin(): number {
    clearTimeout(this.timer);
    this.problem = undefined;
    return ++this.turn;
  }

  private async take(turn: number, draft: PreviewDraft): Promise<void> {
    try {
      const found = await (this.found ? this.api.read(this.id) : this.api.ask(this.id, draft));
      if (turn !== this.turn) return;
      this.found = found;
      this.problem = undefined;
      this.asking = OPEN.includes(found.state);
    } catch (error) {
      if (turn !== this.turn) return;
      this.problem = asProblem(error);
      // A link that was lost comes back, and the same drawing again is the same; a refusal stays one.
      this.asking = this.problem.kind === "network";
    }
    if (this.asking) this.timer = setTimeout(() => void this.take(turn, draft), AGAIN_MS);
  }
}

/**
 * Whose coverage is on the map: a run under way comes by itself and is looked at again until it is measured;
 * another is put there by hand. What somebody took off stays off.
 */
import { readRun, type RunSheet, type SweepingRun } from "../api/sweeping.ts";
import { Asked } from "../parts/asked.svelte.ts";

/** Whether something may have been swept that nobody has measured. */
export const isLive = (run: SweepingRun): boolean => (run.state === "under_way" && run.hasBegun) || run.state === "swept";

export class Coverage {
  runId = $state<string | undefined>(undefined);
  private readonly takenOff = new Set<string>();
  private readonly asked = new Asked((): Promise<RunSheet> => readRun(this.runId ?? ""));

  /** What is known of the run on the map. */
  get sheet(): RunSheet | undefined {
    return this.asked.data;
  }

  get problem() {
    return this.asked.problem;
  }

  /** Puts a run on the map, or takes it off. */
  toggle(runId: string): void {
    const isOn = this.runId === runId;
    if (isOn) this.takenOff.add(runId);
    else this.takenOff.delete(runId);
    this.show(isOn ? undefined : runId);
  }

  /** Looks at the runs of the open zone as they are now. */
  follow(runs: readonly SweepingRun[]): void {
    const live = runs.find(isLive);
    if (this.runId === undefined && live && !this.takenOff.has(live.runId)) return this.show(live.runId);
    const shown = runs.find((run) => run.runId === this.runId);
    if (shown && (isLive(shown) || shown.state !== this.sheet?.run.state) && !this.asked.asking) void this.asked.ask();
  }

  forget(): void {
    this.show(undefined);
  }

  private show(runId: string | undefined): void {
    this.runId = runId;
    this.asked.forget();
    if (runId) void this.asked.ask();
  }
}

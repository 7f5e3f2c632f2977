/**
 * When cells are drawn again. Handing them to the map costs it all tiles and labels anew, several frames of somebody who
 * pans; so a cell that comes, goes or has another worst alarm is drawn at once, other counts every few seconds, and what
 * reads the same not at all. Pure.
 */
export const COUNTS_EVERY_MS = 3_000;

/** What is to be seen of one cell. */
export interface Seen {
  key: string;
  worst: number;
  /** 0 to 1, how full its colour is. */
  weight: number;
  count: string;
  label: string;
}

const urgent = (cells: readonly Seen[]): string => cells.map((one) => `${one.key} ${one.worst} ${one.label}`).join();
const rest = (cells: readonly Seen[]): string => cells.map((one) => `${one.count} ${one.weight.toFixed(2)}`).join();

export class CellTurns {
  private urgent: string | undefined;
  private rest: string | undefined;
  private drawnMs = 0;

  /** Milliseconds until these are to be drawn: 0 is now, undefined is never, because they already are. */
  wait(cells: readonly Seen[], nowMs: number): number | undefined {
    if (urgent(cells) !== this.urgent) return 0;
    if (rest(cells) === this.rest) return undefined;
    return Math.max(0, this.drawnMs + COUNTS_EVERY_MS - nowMs);
  }

  drawn(cells: readonly Seen[], nowMs: number): void {
    this.urgent = urgent(cells);
    this.rest = rest(cells);
    this.drawnMs = nowMs;
  }
}

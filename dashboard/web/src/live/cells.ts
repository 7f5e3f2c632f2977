/**
 * Vehicles counted by H3 cell, as the server counts them for far views: kinds 3 and 4 of the live feed.
 *
 * After the header of decode.ts: u8 resolution, seven zeros, then columns for all n cells: u64 cell, u32 count,
 * five times u32 by condition, u8 worst alarm. Source: docs/wire-protocol.md, section 8. Framework-free.
 */
import { CONDITIONS, FrameError, HEADER_BYTES, readHeader, type FrameKind } from "./decode.ts";

export const CELLS_HEAD_BYTES = 8;
export const CELL_BYTES = 8 + 4 + 4 * CONDITIONS.length + 1;

/** The worst alarm of a cell by its number in the message. */
export const WORST = ["none", "info", "warning", "major", "critical"] as const;
export type Worst = (typeof WORST)[number];

export interface CellsFrame {
  readonly kind: FrameKind;
  readonly seq: number;
  readonly cityMs: number;
  readonly count: number;
  readonly resolution: number;
  /** Two halves a cell, low first, as h3-js takes a cell without BigInt. */
  readonly cells: Uint32Array;
  readonly counts: Uint32Array;
  /** One condition after the other, each `count` long. */
  readonly conditions: Uint32Array;
  readonly worst: Uint8Array;
}

export interface Cell {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** By the order of CONDITIONS. */
  readonly conditions: readonly number[];
  readonly worst: Worst;
}

/** Whether a message is of cells; the kind is judged when it is decoded. */
export const isCells = (bytes: ArrayBuffer): boolean => {
  const kind = bytes.byteLength > 3 ? new Uint8Array(bytes, 3, 1)[0] : 0;
  return kind === 3 || kind === 4;
};

/** Returns the cells in `bytes`, or throws FrameError naming what is wrong. Copies nothing. */
export function decodeCells(bytes: ArrayBuffer): CellsFrame {
  const header = readHeader(bytes);
  if (header.kind !== 3 && header.kind !== 4) throw new FrameError("kind");
  const n = header.count;
  const start = HEADER_BYTES + CELLS_HEAD_BYTES;
  if (bytes.byteLength !== start + n * CELL_BYTES) throw new FrameError("length");
  return {
    kind: header.kind === 3 ? "snapshot" : "delta",
    seq: header.seq,
    cityMs: header.cityMs,
    count: n,
    resolution: new Uint8Array(bytes, HEADER_BYTES, 1)[0]!,
    cells: new Uint32Array(bytes, start, 2 * n),
    counts: new Uint32Array(bytes, start + 8 * n, n),
    conditions: new Uint32Array(bytes, start + 12 * n, CONDITIONS.length * n),
    worst: new Uint8Array(bytes, start + 32 * n, n),
  };
}

export class CellStore {
  readonly cells = new Map<string, Cell>();
  resolution = 0;
  /** Whether cells are what the server gives now; empty they may still be. */
  isGiven = false;
  /** Whether they ever were: the city is too large to be sent vehicle by vehicle. */
  wasGiven = false;
  private seq = -1;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly onGap: () => void = () => {}) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes a message in and tells listeners; an old delta changes nothing. */
  apply(frame: CellsFrame): "applied" | "gap" | "stale" {
    if (frame.kind === "snapshot") this.cells.clear();
    else if (!this.isGiven || frame.seq <= this.seq) return "stale";
    const gap = frame.kind === "delta" && frame.seq !== this.seq + 1;
    for (let i = 0; i < frame.count; i++) this.put(frame, i);
    this.seq = frame.seq;
    this.resolution = frame.resolution;
    this.isGiven = this.wasGiven = true;
    this.tell();
    if (!gap) return "applied";
    this.onGap();
    return "gap";
  }

  private put(frame: CellsFrame, i: number): void {
    const low = frame.cells[2 * i]!;
    const high = frame.cells[2 * i + 1]!;
    const key = cellKey(low, high);
    const count = frame.counts[i]!;
    if (count === 0) {
      this.cells.delete(key);
      return;
    }
    const conditions = CONDITIONS.map((_, c) => frame.conditions[c * frame.count + i]!);
    this.cells.set(key, { low, high, count, conditions, worst: WORST[frame.worst[i]!] ?? "none" });
  }

  /** Forgets all, because vehicles come one by one now. */
  empty(): void {
    if (!this.isGiven) return;
    this.isGiven = false;
    this.cells.clear();
    this.tell();
  }

  /** All vehicles of all cells. */
  total(): number {
    let total = 0;
    for (const cell of this.cells.values()) total += cell.count;
    return total;
  }

  /** All vehicles of all cells by condition, in the order of CONDITIONS. */
  tally(): number[] {
    const tally = CONDITIONS.map(() => 0);
    for (const cell of this.cells.values()) cell.conditions.forEach((n, c) => (tally[c]! += n));
    return tally;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** The cell's index as H3 writes it. */
export const cellKey = (low: number, high: number): string =>
  high.toString(16) + low.toString(16).padStart(8, "0");

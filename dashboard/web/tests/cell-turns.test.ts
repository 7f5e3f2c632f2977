import { expect, test } from "vitest";
import { CellTurns, COUNTS_EVERY_MS, type Seen } from "../src/map/cell-turns.ts";

const cell = (changes: Partial<Seen> = {}): Seen => ({ key: "a", worst: 0, weight: 0.5, count: "7", label: "", ...changes });
const drawn = (cells: Seen[], nowMs: number): CellTurns => {
  const turns = new CellTurns();
  expect(turns.wait(cells, nowMs)).toBe(0);
  turns.drawn(cells, nowMs);
  return turns;
};

test("a cell that comes, goes or has another worst alarm is drawn at once", () => {
  const turns = drawn([cell()], 1_000);
  expect(turns.wait([cell(), cell({ key: "b" })], 1_001)).toBe(0);
  expect(turns.wait([], 1_001)).toBe(0);
  expect(turns.wait([cell({ worst: 4, label: "critical" })], 1_001)).toBe(0);
});

test("counts wait for their turn, and not for ever while they go on changing", () => {
  const turns = drawn([cell()], 1_000);
  expect(turns.wait([cell({ count: "8" })], 1_500)).toBe(COUNTS_EVERY_MS - 500);
  expect(turns.wait([cell({ count: "9", weight: 0.6 })], 1_000 + COUNTS_EVERY_MS)).toBe(0);
});

test("what reads the same is not drawn again, however late", () => {
  const turns = drawn([cell()], 1_000);
  expect(turns.wait([cell({ weight: 0.501 })], 1_000_000)).toBeUndefined();
});

test("words of another language are another label or another count", () => {
  const turns = drawn([cell({ count: "1.2万", label: "严重" })], 1_000);
  expect(turns.wait([cell({ count: "12k", label: "major" })], 1_001)).toBe(0);
});

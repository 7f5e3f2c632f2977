/** Whose coverage is on the map of a sweeping zone. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SweepingRun } from "../src/api/sweeping.ts";
import { Coverage } from "../src/planning/coverage.svelte.ts";

const run = (runId: string, state: string, hasBegun = true) => ({ runId, state, hasBegun }) as SweepingRun;
let asked: string[] = [];
let state = "under_way";

beforeEach(() => {
  asked = [];
  state = "under_way";
  vi.stubGlobal("fetch", (path: string) => {
    asked.push(path.split("/").at(-1)!);
    const soFar = state === "measured" ? null : { asOf: null };
    return Promise.resolve(new Response(JSON.stringify({ run: { state }, soFar, cells: {} })));
  });
});
afterEach(() => vi.unstubAllGlobals());

async function looks(coverage: Coverage, ...runs: SweepingRun[]): Promise<void> {
  coverage.follow(runs);
  await new Promise((resolve) => setTimeout(resolve, 20)); // answers come at once
}

test("a run under way comes onto the map once its vehicle has begun, and is looked at until it is measured", async () => {
  const coverage = new Coverage();
  await looks(coverage, run("a", "waiting", false));
  await looks(coverage, run("a", "under_way", false));
  expect(coverage.runId).toBeUndefined();
  await looks(coverage, run("a", "under_way"));
  await looks(coverage, run("a", "under_way"));
  state = "swept";
  await looks(coverage, run("a", "swept"));
  state = "measured";
  await looks(coverage, run("a", "measured"));
  expect(coverage.sheet?.soFar).toBeNull();
  await looks(coverage, run("a", "measured"));
  expect([coverage.runId, asked]).toEqual(["a", ["a", "a", "a", "a"]]);
});

test("what somebody took off the map stays off, and another run that is put there stays", async () => {
  const coverage = new Coverage();
  await looks(coverage, run("a", "under_way"));
  coverage.toggle("a");
  await looks(coverage, run("a", "under_way"));
  expect(coverage.runId).toBeUndefined();
  coverage.toggle("old");
  state = "measured";
  await looks(coverage, run("a", "under_way"), run("old", "measured"));
  expect(coverage.runId).toBe("old");
  coverage.toggle("a");
  expect(coverage.runId).toBe("a");
});

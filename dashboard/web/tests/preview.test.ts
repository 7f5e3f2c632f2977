/** The plan of a drawing before it is saved: looked after until there is an answer, and only the newest counts. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../src/api/http.ts";
import type { PreviewDraft, SweepingPreview } from "../src/api/sweeping.ts";
import { Previewing } from "../src/planning/preview.svelte.ts";
import { drawnOf, USUAL } from "../src/planning/zone-draft.ts";

const draft = (widthM: number): PreviewDraft => ({ district: "KB", operator: "op-a", ...drawnOf("ground", undefined, [], { ...USUAL, widthM }, true) });
const said = (state: string, number = 1): SweepingPreview => ({ state, number }) as SweepingPreview;
type Answer = SweepingPreview | Problem;
const given = (answers: Answer[]) => (): Promise<SweepingPreview> => {
  const next = answers.shift();
  return next instanceof Problem || next === undefined ? Promise.reject(next ?? new Error("asked once too often")) : Promise.resolve(next);
};
const following = (asks: Answer[], reads: Answer[] = []): Previewing => new Previewing("draft-0001", { ask: given(asks), read: given(reads) });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each(["ready", "failed", "late"])("it is looked at every second until it is %s", async (end) => {
  const one = following([said("waiting")], [said("planning"), said(end)]);
  await one.ask(draft(2));
  expect([one.found?.state, one.asking]).toEqual(["waiting", true]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(one.found?.state).toBe("planning");
  await vi.advanceTimersByTimeAsync(1_000);
  expect([one.found?.state, one.asking]).toEqual([end, false]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(one.problem).toBeUndefined();
});

test("what is said of a drawing that was drawn anew is dropped", async () => {
  let late: (found: SweepingPreview) => void = () => undefined;
  const asks = [new Promise<SweepingPreview>((resolve) => (late = resolve)), Promise.resolve(said("ready", 2))];
  const one = new Previewing("draft-0001", { ask: () => asks.shift()!, read: given([]) });
  const first = one.ask(draft(2));
  await one.ask(draft(1));
  late(said("ready", 1));
  await first;
  expect([one.found?.number, one.of]).toEqual([2, JSON.stringify(draft(1))]);
});

test("a refusal is told and not asked again", async () => {
  const one = following([new Problem("invalid", 400, "invalid-input", { field: "geometry", limit: "50000 m2" })]);
  await one.ask(draft(2));
  expect([one.problem?.fields["limit"], one.asking]).toEqual(["50000 m2", false]);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(one.problem?.code).toBe("invalid-input");
});

test("a link that was lost for a moment is waited out", async () => {
  const one = following([said("waiting")], [new Problem("network", 0, "network"), said("ready")]);
  await one.ask(draft(2));
  await vi.advanceTimersByTimeAsync(1_000);
  expect([one.problem?.code, one.asking]).toEqual(["network", true]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([one.problem, one.found?.state]).toEqual([undefined, "ready"]);
});

test("nobody asks for a page that is gone", async () => {
  const one = following([said("waiting")], [said("ready")]);
  await one.ask(draft(2));
  one.forget();
  await vi.advanceTimersByTimeAsync(5_000);
  expect([one.found?.state, one.asking]).toEqual(["waiting", false]);
});

test("a link that was lost before there was any answer is waited out with the same drawing", async () => {
  const one = following([new Problem("network", 0, "network"), said("waiting")], [said("ready")]);
  await one.ask(draft(2));
  expect([one.found, one.asking]).toEqual([undefined, true]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect([one.problem, one.found?.state, one.asking]).toEqual([undefined, "ready", false]);
});

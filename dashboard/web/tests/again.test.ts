import { expect, test } from "vitest";
import { untilLoaded } from "../src/live/again.ts";

function failing(times: number) {
  let left = times;
  return async () => {
    if (left-- > 0) throw new Error("no network");
  };
}

test("what does not load is tried again after longer and longer pauses, a minute at most", async () => {
  const pauses: number[] = [];
  const wait = async (ms: number) => void pauses.push(ms);
  expect(await untilLoaded(failing(7), () => true, wait)).toBe(true);
  expect(pauses).toEqual([3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
});

test("what nobody wants any more is not tried again", async () => {
  let pauses = 0;
  const loaded = await untilLoaded(failing(9), () => pauses < 2, async () => void pauses++);
  expect([loaded, pauses]).toEqual([false, 2]);
});

import { expect, test } from "vitest";
import { keep, keptOf, type Box } from "../src/scan/kept.ts";

const DAY_MS = 86_400_000;

function box(): Box {
  const held = new Map<string, string>();
  return { getItem: (key) => held.get(key) ?? null, setItem: (key, value) => void held.set(key, value) };
}

test("what was said of a vehicle is found again for a week, the newest first, and nobody else's", () => {
  const mine = box();
  keep(mine, { code: "A", token: "fb_1", atMs: 0 });
  keep(mine, { code: "B", token: "fb_2", atMs: 1 });
  keep(mine, { code: "A", token: "fb_3", atMs: 2 });
  keep(mine, { code: "A", token: "fb_3", atMs: 3 });
  expect(keptOf(mine, "A", DAY_MS).map((one) => one.token)).toEqual(["fb_3", "fb_1"]);
  expect(keptOf(mine, "A", 7 * DAY_MS + 1).map((one) => one.token)).toEqual(["fb_3"]);
  expect(keptOf(box(), "A", 0)).toEqual([]);
});

test("a box that somebody else wrote into is taken for empty", () => {
  const odd = box();
  for (const text of ["{", '"x"', '[1,{"code":"A"}]']) {
    odd.setItem("steppe.said", text);
    expect(keptOf(odd, "A", 0)).toEqual([]);
  }
});

/** What a phone keeps of the order that was followed last, and when it goes. */
import { beforeEach, expect, test } from "vitest";
import type { PickupCode, ResidentOrder } from "../src/api/types.ts";
import { forgetHer, KEPT, keptId } from "../src/phone/kept.ts";
import { codeOf, forgetOrder, keepCode, keepOrder, keptOrder } from "../src/phone/kept-order.ts";

const held = new Map<string, string>();
globalThis.localStorage = {
  getItem: (name: string) => held.get(name) ?? null,
  setItem: (name: string, text: string) => void held.set(name, text),
  removeItem: (name: string) => void held.delete(name),
} as Storage;
beforeEach(() => held.clear());

const order = (orderId: string, codeGeneration = 1): ResidentOrder => ({ orderId, codeGeneration }) as ResidentOrder;
const CODE = { code: "123456", generation: 1 } as PickupCode;
const NOW = Date.now();
const keep = (one: ResidentOrder): void => keepOrder({ order: one, atMs: NOW, cityMs: NOW, rate: 1 });

test("an order is kept with its code, and hearing of it again leaves the code", () => {
  keep(order("a"));
  keepCode("a", CODE);
  keep(order("a"));
  expect(keptOrder("a", NOW)).toMatchObject({ order: { orderId: "a" }, code: CODE });
});

test("a code that is the order's no more is not kept", () => {
  keep(order("a"));
  keepCode("a", CODE);
  keep(order("a", 2));
  expect(keptOrder("a", NOW)?.code).toBeUndefined();
});

test("a fresh code outlives the order that says it is fresh", () => {
  keep(order("a"));
  keepCode("a", { ...CODE, generation: 2 });
  keep(order("a", 2));
  expect(codeOf(order("a", 2))?.generation).toBe(2);
  expect(codeOf(order("a", 3))).toBeUndefined();
});

test("one order is kept, and another's code or end does not touch it", () => {
  keep(order("a"));
  keepCode("b", CODE);
  forgetOrder("b");
  expect([keptId(NOW), keptOrder("b", NOW), keptOrder("a", NOW)?.code]).toEqual(["a", undefined, undefined]);
  forgetOrder("a");
  expect(held.has(KEPT)).toBe(false);
});

test("after a day it is not shown, and what cannot be read is nothing", () => {
  keep(order("a"));
  expect([keptId(NOW + 86_399_999), keptId(NOW + 86_400_000)]).toEqual(["a", undefined]);
  held.set(KEPT, "{");
  expect([keptId(NOW), keptOrder("a", NOW)]).toEqual([undefined, undefined]);
});

test("whoever logs out leaves nothing of hers to the next", () => {
  keep(order("a"));
  held.set("steppe.read", "1");
  held.set("steppe.location", "1");
  held.set("steppe.lang", "en");
  forgetHer();
  expect([...held.keys()]).toEqual(["steppe.lang"]);
});

/** With which place a choice begins. */
import { beforeEach, expect, test, vi } from "vitest";
import { forgetHer } from "../src/phone/kept.ts";
import { keepPlace, placesOf } from "../src/phone/places.ts";

const held = new Map<string, string>();
vi.stubGlobal("localStorage", {
  getItem: (name: string) => held.get(name) ?? null,
  setItem: (name: string, text: string) => void held.set(name, text),
  removeItem: (name: string) => void held.delete(name),
});
const POINTS = ["a", "b", "c"].map((pickupPointId) => ({ pickupPointId }));
let orders: object[] = [];
let isDown = false;
vi.stubGlobal("fetch", (path: string) => {
  const isOrders = path.startsWith("/api/resident/orders");
  if (isOrders && isDown) return Promise.reject(new TypeError("no network"));
  return Promise.resolve(new Response(JSON.stringify(isOrders ? orders : POINTS), { headers: { "content-type": "application/json" } }));
});
const ids = async (): Promise<string[]> => (await placesOf("KB")).map((one) => (one.isLast ? `last ${one.pickupPointId}` : one.pickupPointId));

beforeEach(() => {
  held.clear();
  orders = [];
  isDown = false;
});

test("the place of her last order comes first, and before it one that she chose on this phone", async () => {
  expect(await ids()).toEqual(["a", "b", "c"]);
  orders = [{ pickupPointId: "c" }];
  expect(await ids()).toEqual(["last c", "a", "b"]);
  keepPlace("b");
  expect(await ids()).toEqual(["last b", "a", "c"]);
});

test("a place of another town, and orders that do not come, leave the places as they are", async () => {
  orders = [{ pickupPointId: "far" }];
  expect(await ids()).toEqual(["a", "b", "c"]);
  isDown = true;
  expect(await ids()).toEqual(["a", "b", "c"]);
});

test("the next one on this phone begins with her own place", async () => {
  keepPlace("b");
  forgetHer();
  expect(await ids()).toEqual(["a", "b", "c"]);
});

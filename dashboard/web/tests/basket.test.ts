import { beforeEach, expect, test, vi } from "vitest";
import type { Goods, ResidentOrder } from "../src/api/types.ts";

const held = new Map<string, string>();
vi.stubGlobal("localStorage", { getItem: (key: string) => held.get(key) ?? null, setItem: (key: string, value: string) => void held.set(key, value) });
vi.stubGlobal("location", { search: "?order=o-1", href: "http://steppe.test/phone?order=o-1" });
vi.stubGlobal("history", { state: null, pushState: () => undefined, replaceState: () => undefined });
vi.stubGlobal("addEventListener", () => undefined);
vi.stubGlobal("window", globalThis);
const { basket } = await import("../src/phone/basket.svelte.ts");
const { address } = await import("../src/parts/address.svelte.ts");

const line = (goodsId: string, quantity: number): object => ({ goodsId, quantity, nameZh: goodsId, nameEn: goodsId });
const ORDER = { orderId: "o-1", merchantId: "m-1", pickupPointId: "p-7", lines: [line("milk", 3), line("soup", 2), line("tea", 1)] } as ResidentOrder;
const SHELF = [{ goodsId: "milk", stock: 9 }, { goodsId: "soup", stock: 1 }, { goodsId: "bread", stock: 4 }] as Goods[];

beforeEach(() => basket.clear());

test("an order again goes to its shop with its goods as far as they are there, and says which are not", () => {
  basket.again(ORDER);
  expect([address.get("m"), address.get("p"), address.get("order")]).toEqual(["m-1", "p-7", undefined]);
  expect(basket.fill("m-1", SHELF).map((one) => one.goodsId)).toEqual(["soup", "tea"]);
  expect(basket.lines()).toEqual([{ goodsId: "milk", quantity: 3 }, { goodsId: "soup", quantity: 1 }]);
});

test("what was wanted of one shop is put in once, and never into the basket of another", () => {
  basket.again(ORDER);
  expect(basket.fill("m-2", SHELF)).toEqual([]);
  expect(basket.count).toBe(0);
  basket.again(ORDER);
  basket.fill("m-1", SHELF);
  basket.clear();
  basket.fill("m-1", SHELF);
  expect(basket.count).toBe(0);
});

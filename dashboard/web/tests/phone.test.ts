import { expect, test } from "vitest";
import type { ResidentOrder } from "../src/api/types.ts";
import { problemOf } from "../src/api/http.ts";
import { tracking as en } from "../src/i18n/tracking.en.ts";
import { tracking as zh } from "../src/i18n/tracking.zh.ts";
import { reasons as reasonsEn } from "../src/i18n/reasons.en.ts";
import { reasons as reasonsZh } from "../src/i18n/reasons.zh.ts";
import * as namesEn from "../src/i18n/names.en.ts";
import * as namesZh from "../src/i18n/names.zh.ts";
import { words as wordsEn } from "../src/i18n/words.en.ts";
import { words as wordsZh } from "../src/i18n/words.zh.ts";
import { HALT_MS, headline, isOver, lateMinutes, moneyBack, sentence, steps } from "../src/phone/progress.ts";

const pickZh = (text: string): string => text;
const vehicle = { code: "EDS-KB-D-0001-1", lat: 39.6, lng: 109.8, headingDeg: 0, speedMps: 3, measuredAt: "2026-11-22T01:00:00Z", isStopped: false };
const anOrder = (order: Partial<ResidentOrder>): ResidentOrder =>
  ({ orderId: "o", state: "created", history: [{ state: "created", at: "2026-11-22T01:00:00Z" }], etaAt: null, remainingM: null, stopsBefore: 0, vehicle: null, vehicleCode: null, collectBy: null, promisedP90At: "2026-11-22T02:00:00Z", pickupPointNameZh: "南门", pickupPointNameEn: "South gate", ...order }) as ResidentOrder;
const NOW = Date.parse("2026-11-22T01:30:00Z");

test("while a vehicle is on its way the headline counts minutes, then says any moment", () => {
  const order = anOrder({ state: "in_transit", etaAt: "2026-11-22T01:36:00Z" });
  expect(headline(order, NOW, zh)).toBe("6 分钟");
  expect(headline(order, NOW + 360_000, zh)).toBe("即将到达");
  expect(headline(anOrder({ state: "arrived" }), NOW, en)).toBe("It is here");
});

test.each(Object.keys(namesZh.orderState))("an order that is %s has a headline and a sentence in both languages", (state) => {
  const order = anOrder({ state, vehicle, etaAt: "2026-11-22T01:36:00Z", collectBy: "2026-11-22T01:46:00Z", remainingM: 940 });
  for (const words of [zh, en]) {
    expect(headline(order, NOW, words)).not.toBe("");
    expect(sentence(order, words, pickZh)).not.toBe("");
  }
});

test.each(Object.keys(namesZh.orderReason))("the reason %s is said to residents or follows from the state", (reason) => {
  const internal = new Set(["plan_refused", "plan_unanswered", "task_failed", "not_handed_over"]);
  expect(reason in reasonsZh || internal.has(reason)).toBe(true);
  expect(Object.keys(reasonsEn)).toEqual(Object.keys(reasonsZh));
});

test("a short halt worries nobody, a long one is told", () => {
  const order = anOrder({ state: "in_transit", vehicle: { ...vehicle, isStopped: true }, remainingM: 940 });
  expect(sentence(order, zh, pickZh, HALT_MS)).toContain("正在驶来，还有 940\u00a0m");
  expect(sentence(order, zh, pickZh, HALT_MS + 1)).toContain("临时停下");
});

test("who comes after somebody else's door is told so, and only then", () => {
  const order = anOrder({ state: "in_transit", vehicle, remainingM: 940 });
  expect(sentence(order, zh, pickZh)).not.toContain("先停");
  expect(sentence({ ...order, stopsBefore: 2 }, zh, pickZh)).toContain("先停 2 处");
  expect(sentence({ ...order, stopsBefore: 1 }, en, pickZh)).toContain("1 other stop first");
  expect(sentence({ ...order, stopsBefore: 2 }, en, pickZh)).toContain("2 other stops first");
});

test("lateness is counted against the promise and ends with the order", () => {
  expect(lateMinutes(anOrder({ etaAt: "2026-11-22T02:03:10Z" }))).toBe(4);
  expect(lateMinutes(anOrder({ etaAt: "2026-11-22T01:59:00Z" }))).toBe(0);
  expect(lateMinutes(anOrder({ state: "delivered", etaAt: "2026-11-22T03:00:00Z" }))).toBe(0);
});

test("steps before the last one reached are done, the last is now, and all are done at the end", () => {
  const history = ["created", "accepted", "assigned", "picking_up", "in_transit"].map((state, i) => ({ state, at: `2026-11-22T01:0${i}:00Z` }));
  expect(steps(anOrder({ state: "in_transit", history })).map((step) => step.how)).toEqual(["done", "done", "done", "now", "ahead", "ahead"]);
  const ended = [...history, { state: "arrived", at: "x" }, { state: "delivered", at: "y" }];
  expect(steps(anOrder({ state: "delivered", history: ended })).every((step) => step.how === "done")).toBe(true);
  expect([isOver("delivered"), isOver("arrived")]).toEqual([true, false]);
});

test("an order that went back ends with it, in words, with its money and where each step was", () => {
  const history = ["created", "accepted", "assigned", "in_transit", "arrived", "missed", "returning"].map((state) => ({ state, at: "x" }));
  const paid = { paidBy: "balance", chargedFen: null, backFen: 0 };
  const returning = anOrder({ state: "returning", history, ...paid });
  expect(steps(returning).map((step) => [step.name, step.how]).slice(-2)).toEqual([["missed", "now"], ["returned", "ahead"]]);
  expect(moneyBack(returning, zh)).toEqual([zh.backLater]);
  expect(moneyBack({ ...returning, paidBy: "at_pickup" }, zh)).toEqual([zh.unpaidSoFar]);
  const returned = { ...returning, state: "returned", history: [...history, { state: "returned", at: "y" }], chargedFen: 0, backFen: 2860 };
  expect(steps(returned).every((step) => step.how === "done")).toBe(true);
  expect(moneyBack(returned, zh)).toEqual(["¥28.60 已退回您的余额。"]);
  expect(moneyBack({ ...returned, chargedFen: 300, backFen: 2560 }, en)).toEqual(["¥25.60 is back on your balance.", "The delivery fee of ¥3.00 is kept."]);
  expect(moneyBack({ ...returned, paidBy: "at_pickup", backFen: 0 }, en)).toEqual(["You were charged nothing."]);
  expect(moneyBack({ ...returned, state: "delivered", chargedFen: 2860, backFen: 0 }, zh)).toEqual([]);
});

test("who was not there is told where the vehicle waits once more", () => {
  const history = [{ state: "in_transit", at: "x" }, { state: "arrived", at: "y" }];
  const order = anOrder({ state: "in_transit", vehicle, remainingM: 300, history });
  expect(sentence(order, zh, pickZh)).toContain("改到南门再等一次。");
  expect(sentence({ ...order, etaAt: "2026-11-22T02:10:00Z", waitS: 300 }, zh, pickZh)).toContain("约等到 10:15");
});

test("a vehicle that waits a second time says why it came and until when, and is not called late", () => {
  const history = ["in_transit", "arrived", "in_transit"].map((state) => ({ state, at: "x" }));
  const late = { etaAt: "2026-11-22T02:10:00Z", waitS: 300 };
  expect(lateMinutes(anOrder({ ...late, state: "arrived", history: history.slice(0, 2) }))).toBe(10);
  expect(lateMinutes(anOrder({ ...late, state: "in_transit", history }))).toBe(0);
  const there = anOrder({ ...late, state: "arrived", collectBy: "2026-11-22T02:15:00Z", history: [...history, { state: "arrived", at: "x" }] });
  expect(lateMinutes(there)).toBe(0);
  for (const words of [zh, en]) expect(sentence(there, words, pickZh)).toContain("10:15");
  expect(sentence(there, zh, pickZh)).toContain("刚才没等到您，车改到南门");
});

test("a problem document keeps its code and fields; a page that is none keeps its status", async () => {
  const problem = await problemOf(new Response(JSON.stringify({ code: "pickup-code-wrong", fields: { tries_left: 4 } }), { status: 409 }));
  expect([problem.kind, problem.code, problem.fields["tries_left"]]).toEqual(["conflict", "pickup-code-wrong", 4]);
  const plain = await problemOf(new Response("<html>", { status: 502, headers: { "retry-after": "3" } }));
  expect([plain.kind, plain.code, plain.retryAfterS]).toEqual(["server", "http-502", 3]);
});

test("every word of the shared tables stands in both languages", () => {
  const leaves = (thing: unknown, path = ""): string[] =>
    typeof thing === "object" && thing !== null ? Object.entries(thing).flatMap(([key, value]) => leaves(value, `${path}.${key}`)) : [path];
  const filled = (thing: unknown): boolean =>
    typeof thing === "object" && thing !== null ? Object.values(thing).every(filled) : typeof thing === "function" || (typeof thing === "string" && thing !== "");
  for (const [one, other] of [[zh, en], [wordsZh, wordsEn], [namesZh, namesEn]] as const) {
    expect(leaves({ ...other }).sort()).toEqual(leaves({ ...one }).sort());
    expect(filled({ ...one }) && filled({ ...other })).toBe(true);
  }
});

/** What a resident is told about an order: one headline, one plain sentence, five steps. Pure. */
import type { ResidentOrder } from "../api/types.ts";
import { clockTime, distance, minutesUntil, money } from "../format.ts";
import type { TrackingWords } from "../i18n/tracking.zh.ts";

const OVER = new Set(["delivered", "cancelled", "returned", "failed"]);
export const isOver = (state: string): boolean => OVER.has(state);

/** States in which the vehicle is on its way and an arrival can be counted down. */
const COUNTED = new Set(["assigned", "picking_up", "in_transit"]);

export function headline(order: ResidentOrder, cityNow: number, words: TrackingWords): string {
  if (order.state === "arrived") return words.arrived;
  if (COUNTED.has(order.state) && order.etaAt) {
    const minutes = minutesUntil(order.etaAt, cityNow);
    return minutes === 0 ? words.soon : `${minutes} ${words.minutes}`;
  }
  return words.head[order.state] ?? words.title;
}

/** A halt shorter than this (city time) is a crossing or a light and worries nobody. */
export const HALT_MS = 90_000;

/** One plain sentence; `haltMs` is how long the vehicle has been standing, city time, 0 while it drives. */
export function sentence(
  order: ResidentOrder,
  words: TrackingWords,
  pick: (zh: string, en: string) => string,
  haltMs = 0,
): string {
  const said = words.state;
  const vehicle = order.vehicle?.code ?? order.vehicleCode ?? "";
  switch (order.state) {
    case "assigned":
      return said.assigned(vehicle);
    case "picking_up":
      return said.picking_up(vehicle);
    case "in_transit":
      if (haltMs > HALT_MS) return said.stopped(vehicle);
      if (timesThere(order) > 0) {
        const until = order.etaAt ? clockTime(Date.parse(order.etaAt) + order.waitS * 1000) : "";
        return said.moved(vehicle, pick(order.pickupPointNameZh, order.pickupPointNameEn), until);
      }
      return said.in_transit(vehicle, order.remainingM === null ? "" : distance(order.remainingM), order.stopsBefore);
    case "arrived":
      return (timesThere(order) > 1 ? said.again : said.arrived)(
        pick(order.pickupPointNameZh, order.pickupPointNameEn),
        order.collectBy ? clockTime(order.collectBy) : "–",
      );
    case "created":
    case "accepted":
    case "delivered":
    case "cancelled":
    case "missed":
    case "returning":
    case "returned":
    case "failed":
    case "needs_recovery":
      return said[order.state];
    default:
      return "";
  }
}

/** How often a vehicle has come to her with it: twice when nobody collected it the first time. */
const timesThere = (order: ResidentOrder): number => order.history.filter((step) => step.state === "arrived").length;

/**
 * Minutes past the promise that is expected now; 0 when it will be kept, and once the vehicle has been there and left:
 * the promise was of its first coming.
 */
export function lateMinutes(order: ResidentOrder): number {
  const isBack = timesThere(order) > (order.state === "arrived" ? 1 : 0);
  if (isOver(order.state) || !order.etaAt || isBack) return 0;
  return Math.max(0, Math.ceil((Date.parse(order.etaAt) - Date.parse(order.promisedP90At)) / 60_000));
}

/** What becomes of the money of an order that nobody got; nothing to say while it is on its way to her. */
export function moneyBack(order: ResidentOrder, words: TrackingWords): string[] {
  const isPaid = order.paidBy === "balance";
  if (["missed", "returning"].includes(order.state)) return [isPaid ? words.backLater : words.unpaidSoFar];
  if (!isOver(order.state) || order.state === "delivered" || typeof order.chargedFen !== "number") return [];
  const back = order.backFen > 0 ? [words.back(money(order.backFen))] : [];
  if (order.chargedFen > 0) return [...back, words.feeKept(money(order.chargedFen))];
  return isPaid ? back : [words.free];
}

export const STEPS = ["created", "accepted", "assigned", "in_transit", "arrived", "delivered"] as const;
const GONE_BACK = [...STEPS.slice(0, -1), "missed", "returned"] as const;

export interface Step {
  readonly name: (typeof STEPS)[number] | (typeof GONE_BACK)[number];
  readonly at: string | undefined;
  readonly how: "done" | "now" | "ahead";
}

/** The steps with the time each was first reached; `picking_up` belongs to the assigned step, `returning` to the missed one. */
export function steps(order: ResidentOrder): Step[] {
  const times = new Map<string, string>();
  for (const step of order.history) if (!times.has(step.state)) times.set(step.state, step.at);
  const state = order.state === "picking_up" ? "assigned" : order.state;
  const names = times.has("missed") ? GONE_BACK : STEPS;
  const last = names.findLastIndex((name) => times.has(name) || name === state);
  return names.map((name, i) => ({
    name,
    at: times.get(name),
    how: i < last || (i === last && isOver(order.state)) ? "done" : i === last ? "now" : "ahead",
  }));
}

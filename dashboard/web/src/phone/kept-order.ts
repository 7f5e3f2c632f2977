/**
 * The order that was followed last, as it was last heard of, with its code: kept on this phone so that both are there
 * without a network. Gone when that order is over, a day later, when somebody logs out or leaves, and when its link
 * has died.
 */
import type { PickupCode, ResidentOrder } from "../api/types.ts";
import { forgetKept, KEPT, keptId } from "./kept.ts";

export interface KeptOrder {
  order: ResidentOrder;
  code: PickupCode | undefined;
  /** Wall ms when it was heard, the city's time then, and how fast that runs. */
  atMs: number;
  cityMs: number;
  rate: number;
}

/** Keeps an order as it is now; the code that was kept with it stays while it is the code of the order. */
export function keepOrder(kept: Omit<KeptOrder, "code">): void {
  put({ ...kept, code: codeOf(kept.order) });
}

/** The code that is kept of an order: a fresh one is heard of before the order that says so. */
export function codeOf(order: ResidentOrder): PickupCode | undefined {
  const code = keptOrder(order.orderId, Date.now())?.code;
  return code && code.generation >= order.codeGeneration ? code : undefined;
}

/** Keeps the code of the order that is kept. */
export function keepCode(orderId: string, code: PickupCode): void {
  const kept = keptOrder(orderId, Date.now());
  if (kept) put({ ...kept, code });
}

/** The one of that id, undefined when another is kept, when it is too old, and when it cannot be read. */
export function keptOrder(id: string, nowMs: number): KeptOrder | undefined {
  return keptId(nowMs) === id ? (JSON.parse(localStorage.getItem(KEPT)!) as KeptOrder) : undefined;
}

/** Forgets that order; another that is kept stays. */
export function forgetOrder(id: string): void {
  if (keptId(0) === id) forgetKept();
}

function put(kept: KeptOrder): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // A full or forbidden store: without a network the page then has nothing to show, and says so.
  }
}

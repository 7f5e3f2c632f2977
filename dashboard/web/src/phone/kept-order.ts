/**
 * The order that was followed last, as it was last heard of: kept on this phone so that its code and its place are
 * there without a network. Gone when the order is over, when somebody logs out and when the link has died.
 */
import type { ResidentOrder } from "../api/types.ts";

export interface KeptOrder {
  order: ResidentOrder;
  /** Wall ms when it was heard, the city's time then, and how fast that runs. */
  atMs: number;
  cityMs: number;
  rate: number;
}

export const KEPT = "steppe.order";

export function keepOrder(kept: KeptOrder): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // A full or forbidden store: without a network the page then has nothing to show, and says so.
  }
}

/** The one of that id, undefined when it is not the one that is kept or cannot be read. */
export function keptOrder(id: string): KeptOrder | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null") as KeptOrder | null;
    return kept?.order.orderId === id ? kept : undefined;
  } catch {
    return undefined;
  }
}

export const forgetOrder = (): void => localStorage.removeItem(KEPT);

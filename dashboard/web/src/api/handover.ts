/** Apart from what every page of a resident asks: missing goods, and somebody else who collects. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";
import type { ResidentOrder } from "./types.ts";

const at = (id: string): string => `/api/resident/orders/${encodeURIComponent(id)}`;

export const answerSubstitute = (id: string, goodsId: string, isTaken: boolean, idempotencyKey: string): Promise<ResidentOrder> =>
  ask(`${at(id)}/substitutions/${encodeURIComponent(goodsId)}/answer`, { method: "POST", body: { isTaken }, idempotencyKey });
export type Delegate = components["schemas"]["DelegateView"];
export interface Delegation {
  delegate: Delegate | null;
}
export const delegate = (id: string): Promise<Delegation> => ask(`${at(id)}/delegate`);
export const nameDelegate = (id: string, who: { name: string; phone: string; hours: number }, idempotencyKey: string): Promise<Delegation> =>
  ask(`${at(id)}/delegate`, { method: "POST", body: who, idempotencyKey });
export const changeDelegate = (id: string, verb: "refresh" | "revoke", idempotencyKey: string): Promise<Delegation> =>
  ask(`${at(id)}/delegate/${verb}`, { method: "POST", idempotencyKey });

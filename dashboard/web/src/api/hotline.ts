/** What the hotline and the operator's order flow ask. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Caller = Schemas["CallerView"];
export type Wishes = Schemas["CallerWishes"];
export type HotlineOrder = Schemas["HotlineOrder"];
export type Flow = Schemas["FlowView"];
export type FlowStep = Schemas["NewFlow"]["steps"][number];

export const lookUp = (phone: string): Promise<Caller> => ask("/api/hotline/callers", { method: "POST", body: { phone } });
export const keepWishes = (wishes: Wishes): Promise<Caller> => ask("/api/hotline/wishes", { method: "PUT", body: wishes });
export const orderFor = (order: HotlineOrder, idempotencyKey: string): Promise<Schemas["OrderDetail"]> =>
  ask("/api/orders", { method: "POST", body: order, idempotencyKey });
export const flow = (): Promise<Flow> => ask("/api/order-flow");
export const setFlow = (version: number, steps: FlowStep[], reason: string): Promise<Schemas["FlowVersionView"]> =>
  ask("/api/order-flow", { method: "POST", body: { version, steps, reason } });
/** What the customer of an order placed by telephone said of a substitute. */
export const answerForCaller = (orderId: string, goodsId: string, isTaken: boolean, idempotencyKey: string): Promise<Schemas["OrderDetail"]> =>
  ask(`/api/orders/${encodeURIComponent(orderId)}/substitutions/${encodeURIComponent(goodsId)}/answer`, { method: "POST", body: { isTaken }, idempotencyKey });

export type PhonePurchase = Schemas["PhonePurchase"];
export type PhoneSale = Schemas["PhoneSale"];
export const phoneSales = (): Promise<PhoneSale[]> => ask("/api/vending/sales");
export const buyFor = (purchase: PhonePurchase, idempotencyKey: string): Promise<PhoneSale> =>
  ask("/api/vending/sales", { method: "POST", body: purchase, idempotencyKey });
export const freshSaleCode = (saleId: string, idempotencyKey: string): Promise<PhoneSale> =>
  ask(`/api/vending/sales/${encodeURIComponent(saleId)}/code`, { method: "POST", body: {}, idempotencyKey });
export const cancelPhoneSale = (saleId: string, idempotencyKey: string): Promise<PhoneSale> =>
  ask(`/api/vending/sales/${encodeURIComponent(saleId)}/cancel`, { method: "POST", body: {}, idempotencyKey });

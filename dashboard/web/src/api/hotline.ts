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

import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type VendingVehicle = Schemas["VendingVehicle"];
export type ShrinkageRow = Schemas["ShrinkageRow"];
export type OpenCall = Schemas["OpenCall"];
export type CallDecision = Schemas["CallDecisionView"];

export const stock = (): Promise<VendingVehicle[]> => ask("/api/vending/vehicles");
/** Counts against the ledger of the last week. */
export const shrinkage = (): Promise<ShrinkageRow[]> => ask("/api/vending/shrinkage");
export const calls = (): Promise<OpenCall[]> => ask("/api/vending/calls");
export const decline = (id: string, reason: string, idempotencyKey: string): Promise<OpenCall> =>
  ask(`/api/vending/calls/${encodeURIComponent(id)}/decline`, { method: "POST", body: { reason }, idempotencyKey });

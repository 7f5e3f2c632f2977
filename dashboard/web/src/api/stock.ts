import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type VendingVehicle = Schemas["VendingVehicle"];
export type ShrinkageRow = Schemas["ShrinkageRow"];
export type OpenCall = Schemas["OpenCall"];
export type CallDecision = Schemas["CallDecisionView"];

export type PlanogramSlot = Schemas["SlotBody"];
export type Lot = Schemas["LotView"];
export type RecalledLot = Schemas["RecalledLot"];

export const stock = (): Promise<VendingVehicle[]> => ask("/api/vending/vehicles");
/** Counts against the ledger of the last week. */
export const shrinkage = (): Promise<ShrinkageRow[]> => ask("/api/vending/shrinkage");
export const calls = (): Promise<OpenCall[]> => ask("/api/vending/calls");
export const decline = (id: string, reason: string, idempotencyKey: string): Promise<OpenCall> =>
  ask(`/api/vending/calls/${encodeURIComponent(id)}/decline`, { method: "POST", body: { reason }, idempotencyKey });
/** The same again is the same; nothing is sent twice by accident. */
export const setPlanogram = (vehicleNo: number, slots: PlanogramSlot[], wholeModel: boolean): Promise<Schemas["PlanogramSet"]> =>
  ask(`/api/vending/vehicles/${vehicleNo}/planogram`, { method: "PUT", body: { slots, wholeModel } });
export const lots = (): Promise<Lot[]> => ask("/api/vending/lots");
export const recallLot = (lotId: string, reason: string, idempotencyKey: string): Promise<RecalledLot> =>
  ask(`/api/vending/lots/${encodeURIComponent(lotId)}/recall`, { method: "POST", body: { reason }, idempotencyKey });

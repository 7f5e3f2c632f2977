import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Intervention = Schemas["InterventionView"];
export type InterventionQueue = Schemas["InterventionQueue"];
export type WorkOrder = Schemas["WorkOrderView"];
export type CrewPerson = Schemas["CrewPersonView"];
export type Shift = Schemas["ShiftView"];

const one = (id: string): string => encodeURIComponent(id);
export const interventions = (): Promise<InterventionQueue> => ask("/api/interventions");
export const claim = (id: string): Promise<Intervention> => ask(`/api/interventions/${one(id)}/claim`, { method: "POST" });
export const begin = (id: string, mode: "assist" | "drive"): Promise<Intervention> =>
  ask(`/api/interventions/${one(id)}/begin`, { method: "POST", body: { mode } });
export const resolve = (id: string, words: string): Promise<Intervention> =>
  ask(`/api/interventions/${one(id)}/resolve`, { method: "POST", body: { words } });
export const handOver = (id: string, words: string): Promise<Intervention> =>
  ask(`/api/interventions/${one(id)}/hand-over`, { method: "POST", body: { words } });

export const myDuty = (): Promise<Shift> => ask("/api/remote-operators/me");
export const duty = (word: "sign-in" | "heartbeat" | "sign-off"): Promise<Shift> =>
  ask(`/api/remote-operators/${word}`, { method: "POST" });

export const workOrders = async (): Promise<WorkOrder[]> =>
  (await ask<Schemas["WorkOrderPage"]>("/api/work-orders?state=current&limit=200")).items;
export const openWork = (body: Schemas["OpenWork"], idempotencyKey: string): Promise<WorkOrder> =>
  ask("/api/work-orders", { method: "POST", body, idempotencyKey });
export const crewFor = async (id: string): Promise<CrewPerson[]> =>
  (await ask<Schemas["CrewPeople"]>(`/api/work-orders/${one(id)}/people`)).items;
export const assignWork = (id: string, assignee: string, idempotencyKey: string): Promise<WorkOrder> =>
  ask(`/api/work-orders/${one(id)}/assignments`, { method: "POST", body: { assignee }, idempotencyKey });
export const callOff = (id: string, reason: string, idempotencyKey: string): Promise<WorkOrder> =>
  ask(`/api/work-orders/${one(id)}/cancellations`, { method: "POST", body: { reason }, idempotencyKey });

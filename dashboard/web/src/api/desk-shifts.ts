import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type DeskShift = Schemas["DeskShiftView"];
export type DeskBoard = Schemas["DeskBoard"];

export const deskBoard = (): Promise<DeskBoard> => ask("/api/desk-shifts");
export const beginShift = (key: string): Promise<DeskShift> => ask("/api/desk-shifts", { method: "POST", body: {}, idempotencyKey: key });
export const handOver = (note: string, key: string): Promise<DeskShift> =>
  ask("/api/desk-shifts/closings", { method: "POST", body: { note }, idempotencyKey: key });
export const readHandOver = (id: string, key: string): Promise<DeskShift> =>
  ask(`/api/desk-shifts/${encodeURIComponent(id)}/readings`, { method: "POST", body: {}, idempotencyKey: key });
/** Says that somebody sits here, and whether alarms are heard. */
export const sayAlive = (isMuted: boolean): Promise<void> => ask("/api/desk-shifts/presence", { method: "PUT", body: { isMuted } });

import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

export type Outgoing = components["schemas"]["OutgoingView"];
export type Rest = components["schemas"]["TakeOut"]["rest"];

/** What taking a vehicle out of the fleet now would touch, or how far it has come. */
export const outgoing = (vehicleNo: number): Promise<Outgoing> => ask(`/api/vehicles/${vehicleNo}/decommissioning`);
export const decommission = (vehicleNo: number, rest: Rest, reason: string, idempotencyKey: string): Promise<Outgoing> =>
  ask(`/api/vehicles/${vehicleNo}/decommissioning`, { method: "POST", body: { rest, reason }, idempotencyKey });

export type PoliceCode = components["schemas"]["PoliceCodeGiven"];
/** A code for an officer at the vehicle; each time another one. */
export const givePoliceCode = (vehicleNo: number, officer: string, reason: string): Promise<PoliceCode> =>
  ask(`/api/vehicles/${vehicleNo}/police-codes`, { method: "POST", body: { officer, reason } });

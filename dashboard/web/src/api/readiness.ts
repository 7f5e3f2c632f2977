import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type VehicleReadiness = Schemas["VehicleReadiness"];
export type Check = Schemas["CheckView"];
export type CheckItem = Schemas["LineBody"]["item"];
export type Rule = Schemas["ReadinessRuleView"];

/** Every vehicle in service that one may see, with where it stands today. */
export async function readiness(): Promise<VehicleReadiness[]> {
  const all: VehicleReadiness[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const page: Schemas["ReadinessPage"] = await ask(`/api/readiness/vehicles?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    all.push(...page.items);
    cursor = page.cursor;
  }
  return all;
}
export const sayCheck = (vehicleNo: number, lines: Schemas["LineBody"][], idempotencyKey: string): Promise<Check> =>
  ask(`/api/readiness/vehicles/${vehicleNo}/checks`, { method: "POST", body: { lines }, idempotencyKey });
export const rules = async (): Promise<Rule[]> => (await ask<Schemas["ReadinessRuleList"]>("/api/readiness/rules")).items;
export const putRule = (body: Schemas["ReadinessRuleBody"]): Promise<Rule> => ask("/api/readiness/rules", { method: "PUT", body });

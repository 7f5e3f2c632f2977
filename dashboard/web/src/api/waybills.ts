import { ask, idempotencyKey } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export const waybills = (): Promise<Schemas["StationWaybill"][]> => ask("/api/merchant/waybills");
export const pushCsv = (csv: string): Promise<Schemas["WaybillsPushed"]> =>
  ask("/api/merchant/waybills/csv", { method: "POST", body: { csv }, idempotencyKey: idempotencyKey() });

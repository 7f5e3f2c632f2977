/** Rows of the vehicle list: facts joined with the live columns, filtered, gravest first. Pure. */
import type { VehicleBrief } from "../api/types.ts";
import { CONDITIONS, type Condition } from "../live/decode.ts";
import { AMBER_AFTER_MS } from "../live/clock.ts";
import type { VehicleStore } from "../live/vehicles.ts";

export interface Row {
  readonly vehicleNo: number;
  readonly code: string;
  readonly service: string;
  readonly district: string;
  readonly condition: Condition;
  readonly speedMps: number | undefined;
  readonly batteryRatio: number | undefined;
}

export interface Filter {
  readonly text: string;
  readonly condition: string | undefined;
  readonly service: string | undefined;
  readonly district: string | undefined;
}


type Facts = Pick<VehicleBrief, "vehicleNo" | "code" | "service" | "district" | "condition" | "batteryRatio" | "worstAlarm">;

/** The live record where there is one, else what the list said when it was asked for. */
export function rowOf(vehicle: Facts, live: VehicleStore, nowMs: number): Row {
  const slot = live.slot(vehicle.vehicleNo);
  const fixed = {
    vehicleNo: vehicle.vehicleNo,
    code: vehicle.code,
    service: vehicle.service,
    district: vehicle.district,
  };
  if (slot === undefined) {
    const heard = CONDITIONS.find((one) => one === vehicle.condition) ?? "offline";
    const condition = vehicle.worstAlarm && vehicle.worstAlarm !== "info" ? "alarm" : heard;
    return { ...fixed, condition, speedMps: undefined, batteryRatio: vehicle.batteryRatio ?? undefined };
  }
  return {
    ...fixed,
    condition: live.conditionOf(slot),
    speedMps: isSilent(live, slot, nowMs) ? undefined : live.speedMps[slot],
    batteryRatio: live.batteryRatio[slot],
  };
}

/** Whether a vehicle that moved has not been heard since: how fast it is now is not known. */
export function isSilent(live: VehicleStore, slot: number, nowMs: number): boolean {
  const moved = live.speedMps[slot]! > 0;
  return live.conditionOf(slot) === "offline" || (moved && nowMs - live.heardAtMs[slot]! > AMBER_AFTER_MS);
}

export function matches(row: Row, filter: Filter): boolean {
  const text = filter.text.trim().toUpperCase();
  return (
    (text === "" || row.code.toUpperCase().includes(text)) &&
    (filter.condition === undefined || row.condition === filter.condition) &&
    (filter.service === undefined || row.service === filter.service) &&
    (filter.district === undefined || row.district === filter.district)
  );
}

/** Alarms first, then by code: a row stays where it is while its vehicle drives and stands by turns. */
export const bySeverity = (a: Row, b: Row): number =>
  Number(b.condition === "alarm") - Number(a.condition === "alarm") || a.code.localeCompare(b.code);

/** How many rows are in each condition, whatever the condition filter says. */
export function tallyOf(rows: readonly Row[]): Record<Condition, number> {
  const tally = Object.fromEntries(CONDITIONS.map((c) => [c, 0])) as Record<Condition, number>;
  for (const row of rows) tally[row.condition]++;
  return tally;
}

/** The rows of a window of a virtual list: first and last index (exclusive) with `overscan` rows around it. */
export function windowOf(
  scrollTop: number,
  height: number,
  rowHeight: number,
  total: number,
  overscan = 6,
): { from: number; to: number } {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - overscan);
  return { from, to: Math.min(total, Math.ceil((scrollTop + height) / rowHeight) + overscan) };
}

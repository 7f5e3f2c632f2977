/** Which town the inset shows next. */
export interface TownLoad {
  readonly code: string;
  readonly vehicles: number;
}

/**
 * Towns with open alarms take turns, in the order of `towns`; with no alarm the busiest town stays.
 * Returns undefined when there is no town. Pure.
 */
export function nextTown(
  current: string | undefined,
  towns: readonly string[],
  loads: readonly TownLoad[],
  alarms: readonly { readonly district: string | null }[],
): string | undefined {
  const alarmed = towns.filter((code) => alarms.some((alarm) => alarm.district === code));
  if (alarmed.length > 0) return alarmed[(alarmed.indexOf(current ?? "") + 1) % alarmed.length];
  const vehicles = new Map(loads.map((load) => [load.code, load.vehicles]));
  return [...towns].sort((a, b) => (vehicles.get(b) ?? 0) - (vehicles.get(a) ?? 0))[0];
}

/** Where goods are collected, the place she had last before all others. */
import { orders, pickupPoints } from "../api/resident.ts";
import type { PickupPoint } from "../api/types.ts";
import { PLACE } from "./kept.ts";

export type Place = PickupPoint & { isLast: boolean };

/** Keeps on this phone which place she chose, until she logs out. */
export const keepPlace = (id: string): void => localStorage.setItem(PLACE, id);

/** The one chosen last on this phone, else the one of her last order; undefined without either. */
async function lastPlace(): Promise<string | undefined> {
  const kept = localStorage.getItem(PLACE);
  if (kept) return kept;
  // Without an answer the places stand as they come: they are what she asked for.
  return (await orders(1).catch(() => []))[0]?.pickupPointId;
}

/** The places of a district, her last one first when it is there. */
export async function placesOf(district: string): Promise<Place[]> {
  const [points, last] = await Promise.all([pickupPoints(district), lastPlace()]);
  const places = points.map((point) => ({ ...point, isLast: point.pickupPointId === last }));
  return [...places.filter((one) => one.isLast), ...places.filter((one) => !one.isLast)];
}

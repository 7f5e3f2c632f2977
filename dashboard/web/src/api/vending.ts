import { ask } from "./http.ts";
import type { PurchasedSale, VendingAround, VendingCall } from "./types.ts";

const BASE = "/api/resident/vending";

export interface Spot {
  district: string;
  lat: number;
  lng: number;
}

export const around = (at: Spot): Promise<VendingAround> =>
  ask(`${BASE}/around?district=${at.district}&lat=${at.lat}&lng=${at.lng}`);
export const call = (at: Spot, idempotencyKey: string): Promise<VendingCall> =>
  ask(`${BASE}/calls`, { method: "POST", body: at, idempotencyKey });
export const cancelCall = (id: string, idempotencyKey: string): Promise<VendingCall> =>
  ask(`${BASE}/calls/${id}/cancel`, { method: "POST", body: {}, idempotencyKey });
export const reserve = (
  body: { vehicleCode: string; slot: number; quantity: number },
  idempotencyKey: string,
): Promise<PurchasedSale> => ask(`${BASE}/sales`, { method: "POST", body, idempotencyKey });
export const openSlot = (id: string, idempotencyKey: string): Promise<PurchasedSale> =>
  ask(`${BASE}/sales/${id}/open`, { method: "POST", body: {}, idempotencyKey });
export const cancelSale = (id: string, idempotencyKey: string): Promise<PurchasedSale> =>
  ask(`${BASE}/sales/${id}/cancel`, { method: "POST", body: {}, idempotencyKey });

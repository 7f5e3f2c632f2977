import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";
import type { Goods, Merchant, PickupCode, PickupPoint, Quote, ResidentOrder } from "./types.ts";

type Listed<T> = T[] | { items: T[] };
const list = async <T>(path: string): Promise<T[]> => {
  const answer = await ask<Listed<T>>(path);
  return Array.isArray(answer) ? answer : answer.items;
};
const at = (id: string): string => `/api/resident/orders/${encodeURIComponent(id)}`;

export interface Basket {
  merchantId: string;
  pickupPointId: string;
  lines: { goodsId: string; quantity: number }[];
}

export type PaidBy = components["schemas"]["PaidBy"];
export type Balance = components["schemas"]["Balance"];

export const balance = (): Promise<Balance> => ask("/api/resident/balance");
export const sendCode = (phone: string): Promise<{ resendAfterS: number }> =>
  ask("/api/residents/codes", { method: "POST", body: { phone } });
export const logIn = (phone: string, code: string): Promise<void> =>
  ask("/api/residents/login", { method: "POST", body: { phone, code } });
export const logOut = (): Promise<void> => ask("/api/residents/logout", { method: "POST" });
export const openLink = (token: string): Promise<{ orderId: string }> =>
  ask("/api/links/session", { method: "POST", body: { token } });

/** Those of a district, and with `q` those whose name or goods have that text. */
export const merchants = (district?: string, q?: string): Promise<Merchant[]> => {
  const asked = new URLSearchParams({ ...(district ? { district } : {}), ...(q ? { q } : {}) }).toString();
  return list(`/api/resident/merchants${asked ? `?${asked}` : ""}`);
};
export const goods = (merchantId: string): Promise<Goods[]> =>
  list(`/api/resident/merchants/${encodeURIComponent(merchantId)}/goods`);
export const pickupPoints = (district: string): Promise<PickupPoint[]> =>
  list(`/api/resident/pickup-points?district=${encodeURIComponent(district)}`);
export const quote = (basket: Basket): Promise<Quote> =>
  ask("/api/resident/quotes", { method: "POST", body: basket });
export const place = (basket: Basket & { paidBy: PaidBy }, idempotencyKey: string): Promise<ResidentOrder> =>
  ask("/api/resident/orders", { method: "POST", body: basket, idempotencyKey });
/** One's own orders, newest first, at most so many. */
export const orders = (limit = 50): Promise<ResidentOrder[]> => list(`/api/resident/orders?limit=${limit}`);
/** Orders that are over and were placed before one, newest first. */
export const earlierOrders = (before: string, limit: number): Promise<ResidentOrder[]> =>
  list(`/api/resident/orders?state=over&limit=${limit}&before=${encodeURIComponent(before)}`);
export const order = (id: string): Promise<ResidentOrder> => ask(at(id));
export const cancel = (id: string, idempotencyKey: string): Promise<ResidentOrder> =>
  ask(`${at(id)}/cancel`, { method: "POST", body: {}, idempotencyKey });
export const code = (id: string): Promise<PickupCode> => ask(`${at(id)}/code`);
export const freshCode = (id: string, idempotencyKey: string): Promise<PickupCode> =>
  ask(`${at(id)}/code/refresh`, { method: "POST", idempotencyKey });
export const open = (id: string, code: string | undefined, idempotencyKey: string, photo?: string): Promise<void> =>
  ask(`${at(id)}/open`, { method: "POST", body: { ...(code ? { code } : {}), ...(photo ? { photo } : {}) }, idempotencyKey });
export const share = (id: string, idempotencyKey: string): Promise<{ orderId: string; token: string }> =>
  ask(`${at(id)}/links`, { method: "POST", body: {}, idempotencyKey });
export const revoke = (id: string): Promise<{ revoked: number }> => ask(`${at(id)}/links/revoke`, { method: "POST" });
export const seen = (id: string): Promise<unknown> => ask(`${at(id)}/seen`, { method: "POST" });
export const livePath = (id: string): string => `${at(id)}/live`;

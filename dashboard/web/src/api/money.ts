import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type OrderEntries = Schemas["OrderEntries"];
export type Entry = Schemas["EntryView"];
export type Posting = Schemas["PostingView"];
export type Received = Schemas["Received"];
export type MerchantAccount = Schemas["MerchantAccount"];

const post = (path: string, body: unknown, key: string): Promise<Received> =>
  ask(`/api/settlement/${path}`, { method: "POST", body, idempotencyKey: key });
const of = (noun: string, id: string, verb: string): string => `${noun}/${encodeURIComponent(id)}/${verb}`;

export const orderEntries = (id: string): Promise<OrderEntries> => ask(`/api/orders/${encodeURIComponent(id)}/entries`);
export const topUp = (phone: string, district: string, amountFen: number, note: string, key: string): Promise<Received> =>
  post("top-ups", { phone, district, amountFen, note }, key);
export const receiveDue = (id: string, key: string): Promise<Received> => post(of("orders", id, "receipts"), {}, key);
export const refund = (id: string, amountFen: number, borneBy: "merchant" | "operator", reason: string, key: string): Promise<Received> =>
  post(of("orders", id, "refunds"), { amountFen, borneBy, reason }, key);
export const merchantAccounts = (): Promise<MerchantAccount[]> => ask("/api/settlement/merchants");
export const payOut = (id: string, amountFen: number, note: string, key: string): Promise<Received> =>
  post(of("merchants", id, "payouts"), { amountFen, note }, key);
export const correct = (id: string, amountFen: number, reason: string, key: string): Promise<Received> =>
  post(of("merchants", id, "corrections"), { amountFen, reason }, key);

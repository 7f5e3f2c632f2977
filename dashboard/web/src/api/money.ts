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

/** An order of a merchant, or a purchase at a vending vehicle. */
export type Bought = "order" | "sale";
export type Due = Schemas["DueView"];
export type SaleInMoney = Schemas["SaleInMoney"];
const ENTRIES = { order: "/api/orders", sale: "/api/settlement/sales" };

export const entriesOf = (about: Bought, id: string): Promise<OrderEntries> => ask(`${ENTRIES[about]}/${encodeURIComponent(id)}/entries`);
export const dues = (): Promise<Due[]> => ask("/api/settlement/dues");
export const salesInMoney = (): Promise<SaleInMoney[]> => ask("/api/settlement/sales");
export const topUp = (phone: string, district: string, amountFen: number, note: string, key: string): Promise<Received> =>
  post("top-ups", { phone, district, amountFen, note }, key);
export const receiveDue = (about: Bought, id: string, key: string): Promise<Received> => post(of(`${about}s`, id, "receipts"), {}, key);
export const refundOrder = (id: string, amountFen: number, borneBy: "merchant" | "operator", reason: string, key: string): Promise<Received> =>
  post(of("orders", id, "refunds"), { amountFen, borneBy, reason }, key);
export const refundSale = (id: string, amountFen: number, reason: string, key: string): Promise<Received> =>
  post(of("sales", id, "refunds"), { amountFen, reason }, key);
export const merchantAccounts = (): Promise<MerchantAccount[]> => ask("/api/settlement/merchants");
export const payOut = (id: string, amountFen: number, note: string, key: string): Promise<Received> =>
  post(of("merchants", id, "payouts"), { amountFen, note }, key);
export const correct = (id: string, amountFen: number, reason: string, key: string): Promise<Received> =>
  post(of("merchants", id, "corrections"), { amountFen, reason }, key);

export type Statement = Schemas["StatementView"];
export const statementsListed = (day: string | undefined): Promise<Statement[]> =>
  ask(`/api/settlement/statements${day ? `?day=${day}` : ""}`);
export const STATEMENT_CSV = (id: string): string => `/api/settlement/statements/${encodeURIComponent(id)}/csv`;

export type Rates = Schemas["RatesBody"];
export const dayInMoney = (day: string | undefined): Promise<Schemas["DayInMoney"]> =>
  ask(`/api/settlement/vehicle-days${day ? `?day=${day}` : ""}`);
export const agreeRates = (body: Rates, key: string): Promise<Schemas["RatesView"]> =>
  ask("/api/settlement/rates", { method: "POST", body, idempotencyKey: key });

export type Claim = Schemas["ClaimView"];
export const claims = (): Promise<Claim[]> => ask("/api/settlement/claims");
export const makeClaim = (firstDay: string, lastDay: string, key: string): Promise<Claim> =>
  ask("/api/settlement/claims", { method: "POST", body: { firstDay, lastDay }, idempotencyKey: key });
export const reviseClaim = (id: string, version: number, leaveOut: string[], reason: string, key: string): Promise<Claim> =>
  ask(`/api/settlement/claims/${encodeURIComponent(id)}/versions`, { method: "POST", body: { version, leaveOut, reason }, idempotencyKey: key });
export const CLAIM_CSV = (id: string, version: number): string => `/api/settlement/claims/${encodeURIComponent(id)}/csv?version=${version}`;

export type TermsBoard = Schemas["TermsBoard"];
export const termsListed = (merchantId: string | undefined): Promise<TermsBoard> =>
  ask(`/api/settlement/terms${merchantId ? `?merchantId=${encodeURIComponent(merchantId)}` : ""}`);
export const agreeTerms = (body: Schemas["TermsBody"], key: string): Promise<Schemas["TermsView"]> =>
  ask("/api/settlement/terms", { method: "POST", body, idempotencyKey: key });

export type Clearing = Schemas["ClearingView"];
export type ClearingSheet = Schemas["ClearingSheet"];
const clearing = (id: string, rest = ""): string => `/api/settlement/clearings/${encodeURIComponent(id)}${rest}`;
export const clearings = (): Promise<Clearing[]> => ask("/api/settlement/clearings");
export const clearingSheet = (id: string): Promise<ClearingSheet> => ask(clearing(id));
export const CLEARING_CSV = (id: string): string => clearing(id, "/csv");
export const sayPaid = (id: string, version: number, reference: string, key: string): Promise<Clearing> =>
  ask(clearing(id, "/payments"), { method: "POST", body: { version, reference }, idempotencyKey: key });
export const sayArrived = (id: string, version: number, key: string): Promise<Clearing> =>
  ask(clearing(id, "/confirmations"), { method: "POST", body: { version }, idempotencyKey: key });
export const sayMissing = (id: string, version: number, reason: string, key: string): Promise<Clearing> =>
  ask(clearing(id, "/denials"), { method: "POST", body: { version, reason }, idempotencyKey: key });

import { ask, idempotencyKey } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Desk = Schemas["DeskView"];
export type ShelfGoods = Schemas["ShelfGoods"];
export type ShopOrder = Schemas["MerchantOrder"];
export interface DemoShop {
  merchant: string;
  district: string;
  name: string;
  token: string;
  /** Its simulated shopkeeper leaves whoever opens its page the time to act. */
  isTried: boolean;
}

export type PickList = Schemas["PickList"];

const post = <T>(path: string, body?: unknown, key: string = idempotencyKey()): Promise<T> =>
  ask(`/api/merchant/${path}`, { method: "POST", idempotencyKey: key, ...(body === undefined ? {} : { body }) });
const order = (id: string, verb: string): string => `orders/${encodeURIComponent(id)}/${verb}`;
const goods = (id: string, verb: string): string => `goods/${encodeURIComponent(id)}/${verb}`;

export const demoShops = (): Promise<DemoShop[]> => ask("/api/demo/shops");
export const openPage = (token: string): Promise<unknown> => post("session", { token });
export const logOut = (): Promise<void> => post("logout");

export const desk = (): Promise<Desk> => ask("/api/merchant/desk");
export const pause = (reason: string, minutes: number | null): Promise<Desk> => post("desk/pause", { reason, minutes });
export const resume = (): Promise<Desk> => post("desk/resume");
export const busy = (extraMinutes: number, forMinutes: number): Promise<Desk> => post("desk/busy", { extraMinutes, forMinutes });
export const licence = (number: string, expiresOn: string): Promise<Desk> => post("desk/licence", { number, expiresOn });
export const hours = (day: string, openHours: string | null): Promise<Desk> => post("desk/days", { day, openHours });

export const shelf = (): Promise<ShelfGoods[]> => ask("/api/merchant/goods");
export const soldOut = (id: string, isOut: boolean): Promise<ShelfGoods> => post(goods(id, isOut ? "sold-out" : "back"));
export const count = (id: string, stock: number): Promise<ShelfGoods> => post(goods(id, "stock"), { stock });

export const orders = (): Promise<ShopOrder[]> => ask("/api/merchant/orders");
export const accept = (id: string, key: string): Promise<ShopOrder> => post(order(id, "accept"), undefined, key);
export interface Weight {
  goodsId: string;
  weightG: number;
}
export interface Lacking {
  goodsId: string;
  missing: number;
  substituteId: string | null;
  quantity: number;
}
export const ready = (id: string, weights: Weight[], key: string): Promise<ShopOrder> => post(order(id, "ready"), { weights }, key);
export const prove = (id: string, kind: "confirmed" | "photo_at_loading", said: string, key: string): Promise<ShopOrder> =>
  post(order(id, "proofs"), { kind, said }, key);
export const offer = (id: string, lacking: Lacking, key: string): Promise<ShopOrder> => post(order(id, "substitutions"), lacking, key);
export const load = (id: string, compartment: number | null, key: string): Promise<ShopOrder> =>
  post(order(id, "loaded"), { compartment }, key);
export const pickList = (id: string): Promise<PickList> => ask(`/api/merchant/${order(id, "pick-list")}`);
export type Statement = Schemas["StatementView"];
export type StatementLine = Schemas["StatementLineView"];
export type StatementSheet = Schemas["StatementSheet"];
const statementPath = (id: string): string => `/api/merchant/statements/${encodeURIComponent(id)}`;
export const statements = (): Promise<Statement[]> => ask("/api/merchant/statements");
export const running = (): Promise<Schemas["RunningAccount"]> => ask("/api/merchant/statements/running");
export const statement = (id: string): Promise<StatementSheet> => ask(statementPath(id));
export const ownTerms = (): Promise<Schemas["OwnTermsOfOperator"][]> => ask("/api/merchant/terms");
export const CSV_OF = (id: string): string => `${statementPath(id)}/csv`;
export const CSV_PATH = "/api/merchant/goods/csv";
export const importCsv = (csv: string): Promise<Schemas["CatalogueWritten"]> => post("goods/csv", { csv });

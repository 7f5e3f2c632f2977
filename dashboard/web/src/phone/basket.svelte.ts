/** What is being ordered, kept while the pages change; it belongs to one merchant at a time. */
import type { Goods, Merchant, ResidentOrder } from "../api/types.ts";
import { address } from "../parts/address.svelte.ts";

const TOWN = "steppe.town";

class Basket {
  merchant = $state.raw<Merchant | undefined>(undefined);
  quantities = $state.raw<ReadonlyMap<string, number>>(new Map());
  town = $state<string | undefined>(localStorage.getItem(TOWN) ?? undefined);

  choose(merchant: Merchant): void {
    if (this.merchant?.merchantId !== merchant.merchantId) this.clear();
    this.merchant = merchant;
  }

  setTown(code: string): void {
    this.town = code;
    localStorage.setItem(TOWN, code);
  }

  change(goods: Goods, by: 1 | -1): void {
    const next = (this.quantities.get(goods.goodsId) ?? 0) + by;
    const quantities = new Map(this.quantities);
    if (next <= 0) quantities.delete(goods.goodsId);
    else quantities.set(goods.goodsId, Math.min(next, mostOf(goods)));
    this.quantities = quantities;
  }

  get count(): number {
    return [...this.quantities.values()].reduce((sum, n) => sum + n, 0);
  }

  totalFen(goods: readonly Goods[]): number {
    return goods.reduce((sum, g) => sum + g.mostFen * (this.quantities.get(g.goodsId) ?? 0), 0);
  }

  lines(): { goodsId: string; quantity: number }[] {
    return [...this.quantities].map(([goodsId, quantity]) => ({ goodsId, quantity }));
  }

  /** Goods of an earlier order, until the shelf of their shop is here. */
  private wanted: Pick<ResidentOrder, "merchantId" | "lines"> | undefined;

  /** Goes to the shop of an earlier order, with its goods in the basket as far as they are there. */
  again(order: ResidentOrder): void {
    this.wanted = order;
    address.set({ order: undefined, m: order.merchantId, step: undefined, p: order.pickupPointId }, "push");
  }

  /** Puts in what was wanted of this shop; returns the lines that its shelf has not or not enough of. */
  fill(merchantId: string, goods: readonly Goods[]): ResidentOrder["lines"] {
    const wanted = this.wanted;
    this.wanted = undefined;
    if (wanted?.merchantId !== merchantId) return [];
    const shelf = new Map(goods.map((one) => [one.goodsId, mostOf(one)]));
    const most = wanted.lines.map((line) => [line.goodsId, Math.min(line.quantity, shelf.get(line.goodsId) ?? 0)] as const);
    this.quantities = new Map(most.filter(([, quantity]) => quantity > 0));
    return wanted.lines.filter((line) => (this.quantities.get(line.goodsId) ?? 0) < line.quantity);
  }

  clear(): void {
    this.quantities = new Map();
  }
}

export const basket = new Basket();

/** Most pieces of one kind in an order: the rule of the server (20), or what is left on the shelf. */
export const mostOf = (goods: Goods): number => Math.min(20, goods.stock);

/** What is being ordered, kept while the pages change; it belongs to one merchant at a time. */
import type { Goods, Merchant } from "../api/types.ts";

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

  clear(): void {
    this.quantities = new Map();
  }
}

export const basket = new Basket();

/** Most pieces of one kind in an order: the rule of the server (20), or what is left on the shelf. */
export const mostOf = (goods: Goods): number => Math.min(20, goods.stock);

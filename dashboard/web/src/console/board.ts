/** Columns of the order board: what is off its way first, then the way of an order. Pure. */
import type { OrderBrief } from "../api/types.ts";

export const COLUMNS = ["attention", "created", "accepted", "pickup", "in_transit", "arrived", "closed"] as const;
export type Column = (typeof COLUMNS)[number];

const OF: Record<string, Column> = {
  created: "created",
  accepted: "accepted",
  assigned: "pickup",
  picking_up: "pickup",
  in_transit: "in_transit",
  arrived: "arrived",
  missed: "attention",
  returning: "attention",
  needs_recovery: "attention",
  failed: "closed",
  delivered: "closed",
  cancelled: "closed",
  returned: "closed",
};

/** Where an order stands; a state that is not known here needs a person rather than being hidden. */
export const columnOf = (order: OrderBrief): Column => OF[order.state] ?? "attention";

/** Off the usual way, and nothing goes on before somebody acts: the only red on the board. */
export const needsPerson = (order: OrderBrief): boolean => order.state === "needs_recovery" || OF[order.state] === undefined;

/** Orders by column: open ones oldest first (who waited longest), closed ones newest first. */
export function board(orders: readonly OrderBrief[]): Record<Column, OrderBrief[]> {
  const columns = Object.fromEntries(COLUMNS.map((c) => [c, [] as OrderBrief[]])) as Record<Column, OrderBrief[]>;
  for (const order of orders) columns[columnOf(order)].push(order);
  for (const name of COLUMNS) {
    columns[name].sort((a, b) =>
      name === "closed"
        ? (b.closedAt ?? b.placedAt).localeCompare(a.closedAt ?? a.placedAt)
        : a.placedAt.localeCompare(b.placedAt),
    );
  }
  return columns;
}

/** Whether what is expected now is past what was promised. */
export const isLate = (order: OrderBrief): boolean =>
  order.etaAt !== null && Date.parse(order.etaAt) > Date.parse(order.promisedP90At);

import { ask } from "./http.ts";
import type { Config, Districts, Grounds, OperatorView, Roads } from "./types.ts";

export const config = (): Promise<Config> => ask("/api/config");
/** The companies that run vehicles here. */
export const operators = (): Promise<OperatorView[]> => ask("/api/operators");
export const districts = (): Promise<Districts> => ask("/api/geo/districts");
export const grounds = (town: string): Promise<Grounds> =>
  ask(`/api/geo/grounds/${encodeURIComponent(town)}`, { timeoutMs: 60_000 });
export const roads = (town: string): Promise<Roads> =>
  ask(`/api/geo/roads/${encodeURIComponent(town)}`, { timeoutMs: 60_000 });

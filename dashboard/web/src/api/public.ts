import { ask } from "./http.ts";
import type { Config, Districts, Grounds, Roads } from "./types.ts";

export const config = (): Promise<Config> => ask("/api/config");
export const districts = (): Promise<Districts> => ask("/api/geo/districts");
export const grounds = (town: string): Promise<Grounds> =>
  ask(`/api/geo/grounds/${encodeURIComponent(town)}`, { timeoutMs: 60_000 });
export const roads = (town: string): Promise<Roads> =>
  ask(`/api/geo/roads/${encodeURIComponent(town)}`, { timeoutMs: 60_000 });

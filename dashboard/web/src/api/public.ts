import { ask } from "./http.ts";
import type { Config, Districts, Roads } from "./types.ts";

export const config = (): Promise<Config> => ask("/api/config");
export const districts = (): Promise<Districts> => ask("/api/geo/districts");
export const roads = (town: string): Promise<Roads> =>
  ask(`/api/geo/roads/${encodeURIComponent(town)}`, { timeoutMs: 60_000 });

import { CityClock } from "../live/clock.ts";
import { nowMs } from "../parts/now.svelte.ts";

export const clock = new CityClock();

/** City time now; reading it in a component follows it once a second. */
export const cityNow = (): number => clock.at(nowMs());

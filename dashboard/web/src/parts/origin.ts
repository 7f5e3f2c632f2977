/** Who set something, or why, when no person did: the city's data say so in words for programs. */
import { w } from "../i18n/words.svelte.ts";

const OF_THE_CITY = /^city (pack|load)\b/;

export const origin = (text: string): string => (OF_THE_CITY.test(text) ? w().cityData : text);

/** A part of a page that is loaded by itself: there when its words are there too, so that none is seen in another language. */
import { languageReady } from "../i18n/locale.svelte.ts";

export async function whole<T>(part: Promise<{ default: T }>): Promise<T> {
  const { default: it } = await part;
  await languageReady();
  return it;
}

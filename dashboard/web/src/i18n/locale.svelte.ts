/**
 * The language of the page: `?lang=`, else the last choice of this browser, else Chinese. `qps` is the third place,
 * kept by a language made for tests (pseudo.ts).
 */
export type Locale = "zh" | "en" | "qps";

const KEY = "steppe.lang";

function initial(): Locale {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEY);
  return asked === "en" || asked === "qps" ? asked : "zh";
}

/** Who draws words outside the reactive graph, as a map does. */
const listeners = new Set<() => void>();

/** Calls `listener` after each switch of the language, until what it returns is called. */
export function onLanguage(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Loads every dictionary but the Chinese that the page has asked for so far. */
const loaders: (() => Promise<void>)[] = [];

class LocaleState {
  current = $state<Locale>(initial());

  constructor() {
    this.show();
  }

  async toggle(): Promise<void> {
    const next = this.current === "zh" ? "en" : "zh";
    if (next === "en") await Promise.all(loaders.map((load) => load()));
    this.current = next;
    localStorage.setItem(KEY, next);
    const url = new URL(location.href);
    if (url.searchParams.has("lang")) {
      url.searchParams.set("lang", next);
      history.replaceState(history.state, "", url);
    }
    this.show();
    for (const listener of listeners) listener();
  }

  private show(): void {
    document.documentElement.lang = this.current === "zh" ? "zh-CN" : "en";
  }
}

export const locale = new LocaleState();

/**
 * A dictionary in the language of the page. Chinese is always there; English has its type and comes when it is
 * wanted, so that nobody downloads a language she does not read.
 */
export function dictionary<T>(zh: T, english: () => Promise<T>): () => T {
  let en = $state.raw<T | undefined>(undefined);
  const load = async (): Promise<void> => {
    en ??= locale.current === "qps" ? (await import("./pseudo.ts")).pseudo(await english()) : await english();
  };
  loaders.push(load);
  if (locale.current !== "zh") void load();
  return () => (locale.current !== "zh" && en !== undefined ? en : zh);
}

/** Resolves when the language of the page is there; a page waits for it before it shows a word. */
export async function languageReady(): Promise<void> {
  if (locale.current !== "zh") await Promise.all(loaders.map((load) => load()));
}

/** Chooses by the language; reading it in a component follows a switch. */
export function pick<T>(zh: T, en: T): T {
  if (locale.current === "zh") return zh;
  return locale.current === "qps" && typeof en === "string" ? (`⟦${en}⟧` as T) : en;
}

/** A district's name where space is short: English without the kind of area, Chinese as it is. */
export const shortName = (thing: { nameZh: string; nameEn: string }): string =>
  pick(thing.nameZh, thing.nameEn.replace(/ (District|Banner)$/, ""));

/** The name of a server word (a state, a kind) in `table`; an unknown word is "other", never a raw key. */
export function named(table: Readonly<Record<string, string>>, word: string | null | undefined, other: string): string {
  return (word != null && Object.hasOwn(table, word) ? table[word] : undefined) ?? other;
}

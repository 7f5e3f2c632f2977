/** The language of the page: `?lang=`, else the last choice of this browser, else Chinese. */
export type Locale = "zh" | "en";

const KEY = "steppe.lang";

function initial(): Locale {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEY);
  return asked === "en" ? "en" : "zh";
}

class LocaleState {
  current = $state<Locale>(initial());

  constructor() {
    this.show();
  }

  toggle(): void {
    this.current = this.current === "zh" ? "en" : "zh";
    localStorage.setItem(KEY, this.current);
    const url = new URL(location.href);
    if (url.searchParams.has("lang")) {
      url.searchParams.set("lang", this.current);
      history.replaceState(history.state, "", url);
    }
    this.show();
  }

  private show(): void {
    document.documentElement.lang = this.current === "zh" ? "zh-CN" : "en";
  }
}

export const locale = new LocaleState();

/** Chooses by the language; reading it in a component follows a switch. */
export function pick<T>(zh: T, en: T): T {
  return locale.current === "zh" ? zh : en;
}

/** The name of a server word (a state, a kind) in `table`; an unknown word is "other", never a raw key. */
export function named(table: Readonly<Record<string, string>>, word: string | null | undefined, other: string): string {
  return (word != null && Object.hasOwn(table, word) ? table[word] : undefined) ?? other;
}

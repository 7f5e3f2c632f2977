/** Light or dark: the last choice of this browser, else what the device prefers. */
import type { Scheme } from "../map/palette.ts";

const KEY = "steppe.scheme";

class SchemeState {
  current = $state<Scheme>(initial());

  toggle(): void {
    this.current = this.current === "light" ? "dark" : "light";
    localStorage.setItem(KEY, this.current);
    this.show();
  }

  show(): void {
    document.documentElement.dataset["scheme"] = this.current;
  }
}

function initial(): Scheme {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") return kept;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export const scheme = new SchemeState();

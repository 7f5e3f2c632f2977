/** The page's state in its address: `address.get("v")` follows the URL, `address.set({v: …})` writes it. */
class Address {
  private params = $state.raw(new URLSearchParams(location.search));

  constructor() {
    addEventListener("popstate", () => {
      this.params = new URLSearchParams(location.search);
    });
  }

  get(name: string): string | undefined {
    return this.params.get(name) ?? undefined;
  }

  /** Takes all of an address, as a step for the back button. */
  open(query: string): void {
    const gone = Object.fromEntries([...this.params.keys()].map((name) => [name, undefined]));
    this.set({ ...gone, ...Object.fromEntries(new URLSearchParams(query)) }, "push");
  }

  /** Sets or (with undefined) removes names; `push` makes a step for the back button. */
  set(changes: Record<string, string | undefined>, how: "push" | "replace" = "replace"): void {
    const next = new URLSearchParams(this.params);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === "") next.delete(name);
      else next.set(name, value);
    }
    if (next.toString() === this.params.toString()) return;
    this.params = next;
    const url = new URL(location.href);
    url.search = next.toString();
    if (how === "push") history.pushState(null, "", url);
    else history.replaceState(null, "", url);
  }
}

export const address = new Address();

/** Views of the console that somebody named: what stands in its address, kept in this browser for each account. */
export interface SavedView {
  name: string;
  /** The address after its "?"; "" is the whole park. */
  query: string;
}

const MOST = 20;
export const LONGEST = 24;

/** With one more, the newest last; one of the same name is written over, and beyond the most the oldest goes. Pure. */
export function withView(views: readonly SavedView[], view: SavedView): SavedView[] {
  return [...views.filter((one) => one.name !== view.name), view].slice(-MOST);
}

/** What a browser kept; nothing where that cannot be read. Pure. */
export function readViews(text: string | null): SavedView[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    const isView = (one: unknown): one is SavedView => typeof (one as SavedView)?.name === "string" && typeof (one as SavedView)?.query === "string";
    return Array.isArray(value) ? value.filter(isView) : [];
  } catch {
    return [];
  }
}

export class SavedViews {
  all = $state.raw<readonly SavedView[]>([]);
  private readonly key: string;

  constructor(account: string) {
    this.key = `steppe.views.${account}`;
    this.all = readViews(localStorage.getItem(this.key));
  }

  save(name: string): void {
    this.put(withView(this.all, { name: name.trim().slice(0, LONGEST), query: location.search.slice(1) }));
  }

  remove(name: string): void {
    this.put(this.all.filter((one) => one.name !== name));
  }

  private put(views: SavedView[]): void {
    this.all = views;
    localStorage.setItem(this.key, JSON.stringify(views));
  }
}

/** A list that comes page by page: the first with `ask`, further ones behind it with `more`. */
import type { Page } from "../api/records.ts";
import { Asked } from "../parts/asked.svelte.ts";

export class Paged<T> {
  readonly asked: Asked<T[]>;
  /** Where the page behind a list begins: of the list that is shown, never of an answer that was dropped. */
  private readonly behind = new WeakMap<T[], string | null | undefined>();
  private next: string | null | undefined = undefined;

  constructor(private readonly question: (cursor?: string | null) => Promise<Page<T>>) {
    this.asked = new Asked(async () => {
      const before = this.next === undefined ? [] : (this.asked.data ?? []);
      const page = await this.question(this.next);
      const all = [...before, ...page.items];
      this.behind.set(all, page.nextCursor);
      return all;
    });
  }

  get cursor(): string | null | undefined {
    return this.asked.data && this.behind.get(this.asked.data);
  }

  /** Shows a list in which some entries changed; where it goes on stays. */
  put(changed: T[]): void {
    if (this.asked.data) this.behind.set(changed, this.cursor);
    this.asked.data = changed;
  }

  ask(): Promise<void> {
    this.next = undefined;
    return this.asked.ask();
  }

  more(): Promise<void> {
    this.next = this.cursor;
    return this.asked.ask();
  }
}

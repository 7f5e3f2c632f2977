/** A list that comes page by page: the first with `ask`, further ones behind it with `more`. */
import type { Page } from "../api/records.ts";
import { Asked } from "../parts/asked.svelte.ts";

export class Paged<T> {
  readonly asked: Asked<T[]>;
  cursor = $state.raw<string | null | undefined>(undefined);

  constructor(private readonly question: (cursor?: string | null) => Promise<Page<T>>) {
    this.asked = new Asked(async () => {
      const page = await this.question(this.next);
      const before = this.next === undefined ? [] : (this.asked.data ?? []);
      this.cursor = page.nextCursor;
      return [...before, ...page.items];
    });
  }

  private next: string | null | undefined = undefined;

  ask(): Promise<void> {
    this.next = undefined;
    return this.asked.ask();
  }

  more(): Promise<void> {
    this.next = this.cursor;
    return this.asked.ask();
  }
}

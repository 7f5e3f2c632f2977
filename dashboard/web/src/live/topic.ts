/**
 * One text topic of the live feed (alarms, orders, commands, summary): a snapshot, then upserts and removals.
 *
 * The first message after a subscription is a snapshot and replaces everything; a message whose sequence does
 * not follow asks for a new snapshot through `onGap`. Framework-free.
 */
export interface TopicMessage<T> {
  readonly topic: string;
  readonly type: "snapshot" | "upsert" | "remove";
  readonly seq: number;
  readonly items: readonly T[];
}

export class TopicStore<T> {
  readonly items = new Map<string, T>();
  seq = -1;
  /** False until the first snapshot: the difference between "none" and "not known yet". */
  loaded = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly idOf: (item: T) => string,
    private readonly onGap: () => void = () => {},
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  apply(message: TopicMessage<T>): "applied" | "gap" | "stale" {
    if (message.type === "snapshot") {
      this.items.clear();
      this.loaded = true;
    } else if (!this.loaded || message.seq <= this.seq) {
      return "stale";
    }
    const gap = message.type !== "snapshot" && message.seq !== this.seq + 1;
    for (const item of message.items) {
      if (message.type === "remove") this.items.delete(this.idOf(item));
      else this.items.set(this.idOf(item), item);
    }
    this.seq = message.seq;
    for (const listener of this.listeners) listener();
    if (gap) {
      this.onGap();
      return "gap";
    }
    return "applied";
  }

  /** Puts in one item that an answer to a request brought, ahead of the feed. */
  put(item: T): void {
    this.items.set(this.idOf(item), item);
    for (const listener of this.listeners) listener();
  }
}

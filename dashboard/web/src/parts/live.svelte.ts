/** Bridges the framework-free stores to components: reading `items` in a component follows the store. */
import { createSubscriber } from "svelte/reactivity";
import type { CellStore } from "../live/cells.ts";
import type { TopicStore } from "../live/topic.ts";
import type { VehicleStore } from "../live/vehicles.ts";

export class LiveTopic<T> {
  private readonly follow: () => void;

  constructor(private readonly store: TopicStore<T>) {
    this.follow = createSubscriber((update) => store.subscribe(update));
  }

  get items(): T[] {
    this.follow();
    return [...this.store.items.values()];
  }

  get loaded(): boolean {
    this.follow();
    return this.store.loaded;
  }

  /** What is newest: the feed, unless an answer came after the feed fell silent at `heardAtMs`. */
  orAsked(asked: { data: T[] | undefined; atMs: number }, heardAtMs: number): T[] | undefined {
    const answer = asked.data;
    const items = this.items;
    return this.loaded && (answer === undefined || asked.atMs <= heardAtMs) ? items : answer;
  }

  get(id: string): T | undefined {
    this.follow();
    return this.store.items.get(id);
  }
}

/** Follows the vehicle columns at most `perSecond` times: a list needs no more, the map reads them itself. */
export class LiveVehicles {
  private readonly follow: () => void;

  constructor(
    readonly store: VehicleStore,
    perSecond = 2,
  ) {
    this.follow = createSubscriber((update) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const stop = store.subscribe(() => {
        timer ??= setTimeout(() => {
          timer = undefined;
          update();
        }, 1000 / perSecond);
      });
      return () => {
        clearTimeout(timer);
        stop();
      };
    });
  }

  /** Reads the columns and follows them. */
  get columns(): VehicleStore {
    this.follow();
    return this.store;
  }
}

/** Follows the cells of far views; they change once a second. */
export class LiveCells {
  private readonly follow: () => void;

  constructor(readonly store: CellStore) {
    this.follow = createSubscriber((update) => store.subscribe(update));
  }

  /** Whether the server counts by cell now. */
  get isGiven(): boolean {
    this.follow();
    return this.store.isGiven;
  }

  /** Whether it ever did: the feed then brings the view only. */
  get isLarge(): boolean {
    this.follow();
    return this.store.wasGiven;
  }

  get count(): number {
    this.follow();
    return this.store.cells.size;
  }

  get vehicles(): number {
    this.follow();
    return this.store.total();
  }

  /** How many vehicles of all cells are in each condition, by the order of CONDITIONS. */
  tally(): number[] {
    this.follow();
    return this.store.tally();
  }
}

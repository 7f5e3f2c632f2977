/** One order as it is now: asked for once, then followed over its socket, with polling while that is down. */
import { asProblem, liveUrl, type Problem } from "../api/http.ts";
import { livePath, order as askOrder } from "../api/resident.ts";
import type { ResidentOrder } from "../api/types.ts";
import { LiveSocket, type LinkStatus } from "../live/socket.ts";
import { TopicStore, type TopicMessage } from "../live/topic.ts";
import { clock } from "./clock.ts";
import { forgetOrder, keepOrder, keptOrder } from "./kept-order.ts";
import { isOver } from "./progress.ts";

const POLL_MS = 5_000;

export class FollowedOrder {
  data = $state.raw<ResidentOrder | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  link = $state.raw<LinkStatus>({ kind: "connecting" });
  /** The link was there and is not: also between two tries. */
  isLost = $state(false);
  heardAtMs = -1;
  /** What is shown was kept on the phone, and nobody has answered yet. */
  isKept = $state(false);
  /** City ms since when the vehicle stands; undefined while it drives. */
  standsSinceMs = $state<number | undefined>(undefined);
  private readonly store = new TopicStore<ResidentOrder>((order) => order.orderId);
  private readonly socket: LiveSocket;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly id: string) {
    const kept = keptOrder(id, Date.now());
    if (kept) {
      this.data = kept.order;
      this.heardAtMs = kept.atMs;
      this.isKept = true;
      if (!clock.isSet) clock.set(kept.cityMs, kept.rate, kept.atMs);
    }
    this.store.subscribe(() => this.take(this.store.items.get(id)));
    this.socket = new LiveSocket({
      url: liveUrl(livePath(id)),
      onOpen: () => {},
      onText: (text) => this.store.apply(JSON.parse(text) as TopicMessage<ResidentOrder>),
      onStatus: (status) => {
        this.link = status;
        if (status.kind === "waiting") this.isLost = true;
        if (status.kind === "open") this.isLost = false;
      },
      silenceMs: 40_000,
    });
  }

  start(): () => void {
    void this.ask();
    this.socket.start();
    this.timer = setInterval(() => {
      const live = this.link.kind === "open" && Date.now() - this.heardAtMs < 2 * POLL_MS;
      if (!live && document.visibilityState === "visible" && !(this.data && isOver(this.data.state))) void this.ask();
    }, POLL_MS);
    return () => {
      clearInterval(this.timer);
      this.socket.stop();
    };
  }

  async ask(): Promise<void> {
    try {
      this.take(await askOrder(this.id));
    } catch (error) {
      this.problem = asProblem(error);
      if (this.problem.kind === "unauthenticated" || this.problem.kind === "notFound") {
        forgetOrder(this.id);
        if (this.isKept) this.data = undefined;
      }
    }
  }

  retryNow(): void {
    this.socket.retryNow();
    void this.ask();
  }

  private take(order: ResidentOrder | undefined): void {
    if (!order) return;
    this.data = order;
    this.standsSinceMs = order.vehicle?.isStopped ? (this.standsSinceMs ?? Date.parse(order.vehicle.measuredAt)) : undefined;
    this.problem = undefined;
    this.heardAtMs = Date.now();
    this.isKept = false;
    if (isOver(order.state)) forgetOrder(order.orderId);
    else keepOrder({ order, atMs: this.heardAtMs, cityMs: clock.at(this.heardAtMs), rate: clock.rate });
  }
}

/**
 * The staff feed: one socket, four topics and the vehicles, merged between the network and the screen.
 *
 * A gap in any of them asks for the subscription again, which answers with snapshots. Vehicles are handed on at
 * most once per animation frame (10 times a second when the page is hidden from the compositor).
 */
import type { Alarm, CitySummary, Command, OrderBrief } from "../api/types.ts";
import { CityClock } from "./clock.ts";
import { CellStore, decodeCells, isCells, type CellsFrame } from "./cells.ts";
import { decodeFrame, FrameError, type Frame } from "./decode.ts";
import { LiveSocket, type LinkStatus } from "./socket.ts";
import { TopicStore, type TopicMessage } from "./topic.ts";
import { VehicleStore } from "./vehicles.ts";

const TOPICS = ["vehicles", "alarms", "orders", "commands", "summary"] as const;
export type Topic = (typeof TOPICS)[number];
const RESYNC_EVERY_MS = 2_000;
const LOOK_PAUSE_MS = 250;
/** A view is asked for so much wider on each side: a small move shows what is there already. */
const MARGIN = 0.2;

/** What a map shows: its zoom, and west, south, east, north in degrees. */
export interface View {
  readonly zoom: number;
  readonly bbox: readonly [number, number, number, number];
}

/** Whom a screen chose among those it may see; an axis that is left out is all of it. */
export interface Choice {
  readonly services?: readonly string[];
  readonly districts?: readonly string[];
  readonly operators?: readonly string[];
}

/** A choice that the server does not follow, because a name of it means nothing. */
export interface Refusal {
  readonly field: string;
  readonly detail: string;
}

export class StaffFeed {
  readonly clock = new CityClock();
  readonly vehicles = new VehicleStore(() => this.resync());
  readonly alarms = new TopicStore<Alarm>((a) => a.alarmId, () => this.resync());
  readonly orders = new TopicStore<OrderBrief>((o) => o.orderId, () => this.resync());
  readonly commands = new TopicStore<Command>((c) => c.commandId, () => this.resync());
  readonly summary = new TopicStore<CitySummary>(() => "city", () => this.resync());
  readonly cells = new CellStore(() => this.resync());
  /** Wall ms when anything was last heard; -1 before. */
  heardAtMs = -1;
  /** Frames or messages that could not be read: counted, never shown as data. */
  refused = 0;
  /** Told of a choice that is not followed; what was followed before goes on. */
  onRefusal: (refusal: Refusal) => void = () => {};
  private choice: Choice | undefined;
  private readonly socket: LiveSocket;
  private resyncAt = 0;
  private lookTimer: ReturnType<typeof setTimeout> | undefined;
  private scheduled = false;

  constructor(
    url: string,
    onStatus: (status: LinkStatus) => void,
    private readonly topics: readonly Topic[] = TOPICS,
    private view?: View,
  ) {
    this.alarms.subscribe(() => this.markAlarmed());
    this.socket = new LiveSocket({
      url,
      onStatus,
      onOpen: (send) => send(this.subscription()),
      onText: (text) => this.text(text),
      onBinary: (bytes) => this.binary(bytes),
    });
  }

  start(): void {
    this.socket.start();
  }

  stop(): void {
    clearTimeout(this.lookTimer);
    this.socket.stop();
  }

  retryNow(): void {
    this.socket.retryNow();
  }

  /** Says what the map shows. A city that was never sent as cells is sent whole, whatever is looked at. */
  look(view: View): void {
    this.view = view;
    if (!this.cells.wasGiven) return;
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => this.socket.send(this.subscription()), LOOK_PAUSE_MS);
  }

  /** Narrows the vehicles and cells to a choice; undefined is everybody. Answered with a snapshot. */
  choose(choice: Choice | undefined): void {
    if (JSON.stringify(choice) === JSON.stringify(this.choice)) return;
    this.choice = choice;
    this.socket.send(this.subscription());
  }

  private subscription(): string {
    const asked = { type: "subscribe", topics: this.topics, bbox: null, filter: this.choice ?? null };
    if (this.view === undefined) return JSON.stringify(asked);
    return JSON.stringify({ ...asked, zoom: this.view.zoom, bbox: this.cells.wasGiven ? widened(this.view.bbox) : null });
  }

  private resync(): void {
    const now = Date.now();
    if (now - this.resyncAt < RESYNC_EVERY_MS) return;
    this.resyncAt = now;
    this.socket.send(this.subscription());
  }

  /** A vehicle with a standing alarm is red on the map at once, also when its own record says otherwise. */
  private markAlarmed(): void {
    const standing = [...this.alarms.items.values()].filter((a) => a.clearedAt === null && a.severity !== "info");
    this.vehicles.setAlarmed(new Set(standing.map((a) => a.vehicleNo)));
    this.schedule();
  }

  private text(text: string): void {
    let message: TopicMessage<never> | ({ type: "error"; topic?: undefined } & Refusal);
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      this.refused++;
      return;
    }
    this.heardAtMs = Date.now();
    if (message.type === "error") {
      this.onRefusal(message);
      return;
    }
    const store = {
      alarms: this.alarms,
      orders: this.orders,
      commands: this.commands,
      summary: this.summary,
    }[message.topic] as TopicStore<never> | undefined;
    store?.apply(message);
  }

  private binary(bytes: ArrayBuffer): void {
    try {
      const now = Date.now();
      const frame = isCells(bytes) ? this.takeCells(bytes) : this.takeVehicles(bytes, now);
      this.clock.hear(frame.cityMs, now);
      this.heardAtMs = now;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.refused++;
      return;
    }
    this.schedule();
  }

  private takeVehicles(bytes: ArrayBuffer, now: number): Frame {
    const frame = decodeFrame(bytes);
    this.vehicles.apply(frame, now);
    this.cells.empty();
    return frame;
  }

  private takeCells(bytes: ArrayBuffer): CellsFrame {
    const frame = decodeCells(bytes);
    const isNews = !this.cells.wasGiven;
    this.vehicles.empty();
    this.cells.apply(frame);
    if (isNews && this.view !== undefined) this.look(this.view);
    return frame;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const flush = () => {
      if (!this.scheduled) return;
      this.scheduled = false;
      this.vehicles.flush();
    };
    if (document.visibilityState === "visible") requestAnimationFrame(flush);
    setTimeout(flush, 100);
  }
}

/** A box with a margin, within what the server takes. Pure. */
export function widened([west, south, east, north]: View["bbox"]): [number, number, number, number] {
  const x = (east - west) * MARGIN;
  const y = (north - south) * MARGIN;
  return [Math.max(-180, west - x), Math.max(-90, south - y), Math.min(180, east + x), Math.min(90, north + y)];
}

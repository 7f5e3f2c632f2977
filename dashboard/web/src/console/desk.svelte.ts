/** What the console knows and has chosen: the feed, the facts asked for, and the choices in the address. */
import { alarms as askAlarms, orders as askOrders, vehicles as askVehicles } from "../api/staff.ts";
import type { Alarm, Config, OrderBrief, TaskView } from "../api/types.ts";
import type { StaffFeed } from "../live/feed.ts";
import type { TrailPoint } from "../live/trail.ts";
import type { LinkStatus } from "../live/socket.ts";
import { Areas } from "../area/areas.svelte.ts";
import { address } from "../parts/address.svelte.ts";
import { Asked } from "../parts/asked.svelte.ts";
import type { LiveLink } from "../parts/live-link.svelte.ts";
import { LiveTopic, LiveVehicles } from "../parts/live.svelte.ts";
import { nowMs } from "../parts/now.svelte.ts";
import { session } from "../parts/session.svelte.ts";
import { bySeverity, matches, rowOf, tallyOf, type Filter } from "./rows.ts";
import { SavedViews } from "./views.svelte.ts";

const ASK_AGAIN_MS = 10_000;
const SEVERITY: Record<string, number> = { critical: 0, major: 1, warning: 2, info: 3 };

/** Standing and new, standing and taken, then what cleared by itself before anybody looked. */
const rank = (alarm: Alarm): number => (alarm.clearedAt !== null ? 2 : alarm.acknowledgedAt !== null ? 1 : 0);

const VIEWS = ["orders", "money", "notices", "hotline", "vending", "site"] as const;

export class DeskState {
  /** What the drawer knows of the selected vehicle's way, for the map. */
  path = $state.raw<{ trail: readonly TrailPoint[]; task: TaskView | null }>({ trail: [], task: null });
  /** Grows each time somebody asks to see the selected vehicle in the middle. */
  centred = $state(0);
  readonly feed: StaffFeed;
  readonly vehicles = new Asked(askVehicles);
  readonly firstAlarms = new Asked(askAlarms);
  readonly firstOrders = new Asked(askOrders);
  readonly live: LiveVehicles;
  private readonly alarmTopic: LiveTopic<Alarm>;
  private readonly orderTopic: LiveTopic<OrderBrief>;
  readonly saved = new SavedViews(session.me?.id ?? "");
  readonly mayOrders = session.may("orders:read");
  readonly areas = new Areas();

  constructor(
    readonly config: Config,
    private readonly opened: LiveLink,
  ) {
    this.feed = opened.feed;
    opened.begin(config);
    this.live = new LiveVehicles(this.feed.vehicles, 2);
    this.alarmTopic = new LiveTopic(this.feed.alarms);
    this.orderTopic = new LiveTopic(this.feed.orders);
  }

  get link(): LinkStatus {
    return this.opened.status;
  }

  start(): () => void {
    void this.vehicles.ask();
    void this.firstAlarms.ask();
    if (this.mayOrders) void this.firstOrders.ask();
    // Without the live link the list is asked for again now and then: older, but not wrong.
    const timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      if (this.link.kind === "open" && this.vehicles.data) return;
      void this.vehicles.ask();
      void this.firstAlarms.ask();
      if (this.mayOrders) void this.firstOrders.ask();
    }, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }

  readonly mayMoney = session.may("settlement:read");
  readonly mayVending = session.may("vending:read");
  readonly view = $derived(VIEWS.find((one) => one === address.get("view")) ?? "map");
  readonly filter = $derived<Filter>({
    text: address.get("q") ?? "",
    condition: address.get("c"),
    service: address.get("s"),
    district: address.get("d"),
  });
  readonly isFiltered = $derived(
    this.filter.text !== "" || [this.filter.condition, this.filter.service, this.filter.district].some(Boolean),
  );
  readonly all = $derived.by(() => {
    const columns = this.live.columns;
    const now = nowMs();
    return (this.vehicles.data ?? []).map((vehicle) => rowOf(vehicle, columns, now));
  });
  /** Filtered by everything but the condition, so that the chips can count. */
  readonly candidates = $derived(this.all.filter((row) => matches(row, { ...this.filter, condition: undefined })));
  readonly tally = $derived(tallyOf(this.candidates));
  readonly rows = $derived(this.candidates.filter((row) => matches(row, this.filter)).sort(bySeverity));
  readonly selected = $derived(this.vehicles.data?.find((v) => v.code === address.get("v")));

  readonly alarms = $derived.by(() => {
    const all = this.alarmTopic.orAsked(this.firstAlarms, this.feed.heardAtMs);
    return all
      ?.filter((a) => a.clearedAt === null || a.acknowledgedAt === null)
      .sort(
        (a, b) =>
          rank(a) - rank(b) ||
          (SEVERITY[a.severity] ?? 9) - (SEVERITY[b.severity] ?? 9) ||
          b.raisedAt.localeCompare(a.raisedAt),
      );
  });
  readonly orders = $derived.by(() => this.orderTopic.orAsked(this.firstOrders, this.feed.heardAtMs));

  centre(): void {
    this.centred++;
  }

  cityNow(): number {
    return this.feed.clock.at(nowMs());
  }

  codeOf(vehicleNo: number | null): string | undefined {
    return this.vehicles.data?.find((v) => v.vehicleNo === vehicleNo)?.code;
  }

  show(code: string | undefined): void {
    address.set({ v: code, order: undefined, view: undefined }, "push");
  }

  showAlarm(alarm: Alarm): void {
    address.set({ alarm: alarm.alarmId, list: "alarms", v: this.codeOf(alarm.vehicleNo), view: undefined, order: undefined });
  }

  stepAlarm(by: 1 | -1): void {
    const alarms = this.alarms ?? [];
    if (alarms.length === 0) return;
    const at = alarms.findIndex((a) => a.alarmId === address.get("alarm"));
    const next = at < 0 ? 0 : (at + by + alarms.length) % alarms.length;
    this.showAlarm(alarms[next]!);
  }
}

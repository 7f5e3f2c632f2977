import { expect, test } from "vitest";
import type { Command, OrderBrief, OrderDetail, VehicleDetail } from "../src/api/types.ts";
import { board, isLate, needsPerson } from "../src/console/board.ts";
import { blocked, offers, paramsOf, rungs } from "../src/console/commands.ts";
import { commandReason, evidenceOf, minutesSeconds, requesterOf, weighing, whoOf } from "../src/console/said.ts";
import { desk } from "../src/i18n/console.zh.ts";
import { bySeverity, matches, rowOf, tallyOf, windowOf, type Row } from "../src/console/rows.ts";
import { decodeFrame } from "../src/live/decode.ts";
import { VehicleStore } from "../src/live/vehicles.ts";
import { nextTown } from "../src/city/rotation.ts";
import { placeLabels } from "../src/map/badges.ts";
import { ahead, decodePolyline6 } from "../src/map/path.ts";
import { frameBytes } from "./frames.ts";

const aRow = (row: Partial<Row>): Row => ({
  vehicleNo: 1,
  code: "EDS-KB-D-0001-1",
  service: "delivery",
  district: "KB",
  condition: "idle",
  speedMps: 0,
  batteryRatio: 1,
  ...row,
});
const anOrder = (order: Partial<OrderBrief>): OrderBrief =>
  ({ orderId: "o", state: "created", placedAt: "2026-11-22T01:00:00Z", promisedP90At: "2026-11-22T02:00:00Z", etaAt: null, closedAt: null, reason: "", ...order }) as OrderBrief;
const aCommand = (command: Partial<Command>): Command =>
  ({ state: "queued", issuedAt: "1", sentAt: null, acknowledgedAt: null, finishedAt: null, ...command }) as Command;
const aVehicle = (vehicle: Partial<VehicleDetail>): VehicleDetail =>
  ({ task: null, compartments: [], isHeldByStop: false, notDispatchable: [], commandHindrances: {}, ...vehicle }) as VehicleDetail;

test("a vehicle without a live record shows what the list said, one with a record its live values", () => {
  const store = new VehicleStore();
  store.apply(decodeFrame(frameBytes("snapshot", 1, [{ vehicleNo: 2, condition: 2, speed: 20, battery: 100 }])), 0);
  const brief = { code: "X", service: "delivery", district: "KB", condition: "charging", batteryRatio: 0.3, worstAlarm: null };
  expect(rowOf({ ...brief, vehicleNo: 1 }, store, 0)).toMatchObject({ condition: "charging", batteryRatio: 0.3, speedMps: undefined });
  expect(rowOf({ ...brief, vehicleNo: 1, condition: "flying" }, store, 0).condition).toBe("offline");
  expect(rowOf({ ...brief, vehicleNo: 1, worstAlarm: "major" }, store, 0).condition).toBe("alarm");
  expect(rowOf({ ...brief, vehicleNo: 2 }, store, 0)).toMatchObject({ condition: "driving", speedMps: 4, batteryRatio: 0.5 });
});

test("the speed of a vehicle that fell silent while it drove is not shown as if it were now", () => {
  const store = new VehicleStore();
  store.apply(decodeFrame(frameBytes("snapshot", 1, [{ vehicleNo: 2, condition: 2, speed: 20 }, { vehicleNo: 3, speed: 0 }, { vehicleNo: 4, condition: 0, speed: 20 }])), 1_000);
  const speed = (vehicleNo: number, now: number) =>
    rowOf({ vehicleNo, code: "X", service: "delivery", district: "KB", condition: "driving", batteryRatio: 1, worstAlarm: null }, store, now).speedMps;
  expect([speed(2, 6_000), speed(2, 6_001), speed(3, 60_000), speed(4, 1_000)]).toEqual([4, undefined, 0, undefined]);
});

test("vehicles that need a person come first, then by code", () => {
  const rows = [aRow({ code: "B", condition: "offline" }), aRow({ code: "C", condition: "alarm" }), aRow({ code: "A", condition: "alarm" })];
  expect(rows.sort(bySeverity).map((row) => row.code)).toEqual(["A", "C", "B"]);
});

test("a search ignores case and spaces and combines with every filter", () => {
  const filter = { text: " kb-d ", condition: "idle", service: undefined, district: undefined };
  expect([matches(aRow({}), filter), matches(aRow({ condition: "alarm" }), filter), matches(aRow({}), { ...filter, district: "DS" })]).toEqual([true, false, false]);
  expect(tallyOf([aRow({}), aRow({ condition: "alarm" })])).toMatchObject({ idle: 1, alarm: 1, offline: 0 });
});

test("a virtual list draws the rows in view and a few around them", () => {
  expect(windowOf(0, 540, 54, 206, 2)).toEqual({ from: 0, to: 12 });
  expect(windowOf(5400, 540, 54, 206, 2)).toEqual({ from: 98, to: 112 });
  expect(windowOf(20_000, 540, 54, 206, 2).to).toBe(206);
});

test("every state has its column, and one that is not known needs a person", () => {
  const states = ["created", "accepted", "assigned", "picking_up", "in_transit", "arrived", "missed", "failed", "delivered", "teleported"];
  const columns = board(states.map((state) => anOrder({ orderId: state, state })));
  expect(columns.pickup.map((o) => o.state)).toEqual(["assigned", "picking_up"]);
  expect(columns.attention.map((o) => o.state)).toEqual(["missed", "teleported"]);
  expect(columns.closed.map((o) => o.state).sort()).toEqual(["delivered", "failed"]);
  expect(["missed", "needs_recovery", "teleported"].map((state) => needsPerson(anOrder({ state })))).toEqual([false, true, true]);
});

test("who waited longest is on top while open; what closed last is on top when closed", () => {
  const columns = board([
    anOrder({ orderId: "new", placedAt: "2026-11-22T03:00:00Z" }),
    anOrder({ orderId: "old", placedAt: "2026-11-22T01:00:00Z" }),
    anOrder({ orderId: "first", state: "delivered", closedAt: "2026-11-22T04:00:00Z" }),
    anOrder({ orderId: "last", state: "cancelled", closedAt: "2026-11-22T05:00:00Z" }),
  ]);
  expect(columns.created.map((o) => o.orderId)).toEqual(["old", "new"]);
  expect(columns.closed.map((o) => o.orderId)).toEqual(["last", "first"]);
});

test("an order is late when it is expected past its promise, not while nothing is expected", () => {
  expect([isLate(anOrder({ etaAt: "2026-11-22T02:00:01Z" })), isLate(anOrder({ etaAt: "2026-11-22T02:00:00Z" })), isLate(anOrder({}))]).toEqual([true, false, false]);
});

test("a held vehicle is offered its release, an idle one no pause", () => {
  expect(offers(aVehicle({ isHeldByStop: true })).first.map((o) => o.kind)).toEqual(["release", "emergency_stop"]);
  expect(offers(aVehicle({})).more.map((o) => o.kind)).not.toContain("pause");
});

test("a vehicle is powered down only while a stop or a scene holds it", () => {
  const offered = (one: Partial<VehicleDetail>): boolean => offers(aVehicle(one)).more.some((o) => o.kind === "power_down");
  expect([offered({}), offered({ isHeldByStop: true }), offered({ notDispatchable: ["scene_hold"] })]).toEqual([false, true, true]);
});

test("a command is blocked by role, then by this page's link, then by what the server says of the vehicle", () => {
  const [stop] = offers(aVehicle({})).first;
  const vehicle = aVehicle({ commandHindrances: { safe_stop: ["decommissioned"] } });
  expect(blocked(stop!, vehicle, { linkOpen: false, may: () => false })).toBe("scope");
  expect(blocked(stop!, vehicle, { linkOpen: false, may: () => true })).toBe("link");
  expect(blocked(stop!, vehicle, { linkOpen: true, may: () => true })).toBe("decommissioned");
  expect(blocked(stop!, aVehicle({}), { linkOpen: true, may: () => true })).toBeUndefined();
});

test("only the kinds with parameters of their own send any", () => {
  const given = { compartment: 3, speech: "请让一让" };
  expect([paramsOf("open_compartment", given), paramsOf("speak", given), paramsOf("safe_stop", given)]).toEqual([{ compartment: 3 }, { textZh: "请让一让" }, {}]);
});

test("the ladder shows how far a command came and what ended it", () => {
  const how = (command: Partial<Command>) => rungs(aCommand(command)).map((rung) => `${rung.state}:${rung.how}`);
  expect(how({ state: "sent", sentAt: "2" })).toEqual(["queued:done", "sent:now", "acknowledged:ahead", "succeeded:ahead"]);
  expect(how({ state: "succeeded", sentAt: "2", acknowledgedAt: "3", finishedAt: "4" })).toEqual(["queued:done", "sent:done", "acknowledged:done", "succeeded:done"]);
  expect(how({ state: "expired", finishedAt: "9" })).toEqual(["queued:done", "expired:bad"]);
  expect(how({ state: "rejected", sentAt: "2", finishedAt: "3" })).toEqual(["queued:done", "sent:done", "rejected:bad"]);
});

test("the inset goes round the towns with alarms, and stays with the busiest when there is none", () => {
  const loads = [{ code: "KB", vehicles: 78 }, { code: "DS", vehicles: 52 }];
  const alarms = [{ district: "DS" }, { district: "HJ" }];
  expect([nextTown("KB", ["KB", "DS", "HJ"], loads, alarms), nextTown("DS", ["KB", "DS", "HJ"], loads, alarms), nextTown("HJ", ["KB", "DS", "HJ"], loads, alarms)]).toEqual(["DS", "HJ", "DS"]);
  expect(nextTown("DS", ["DS", "KB"], loads, [])).toBe("KB");
  expect(nextTown(undefined, [], loads, alarms)).toBeUndefined();
});

test("labels near each other do not cover one another or their towns", () => {
  const label = { width: 110, height: 30, hasPoint: true };
  const placed = placeLabels([{ ...label, x: 100, y: 100 }, { ...label, x: 130, y: 110 }, { ...label, x: 110, y: 130, hasPoint: false }]);
  for (const [i, a] of placed.entries()) {
    for (const b of placed.slice(i + 1)) expect(Math.abs(a[0] - b[0]) >= 110 || Math.abs(a[1] - b[1]) >= 30).toBe(true);
  }
});

test("the label of a town that is near stands outside it", () => {
  const [[x, y]] = placeLabels([{ x: 400, y: 300, width: 110, height: 30, hasPoint: true, radius: 80 }]) as [[number, number]];
  expect([x, y < 300 - 80]).toEqual([400, true]);
});

test("an encoded polyline of six decimals becomes longitude and latitude", () => {
  expect(decodePolyline6("_izlhA~rlgdF_{geC~ywl@_kwzCn`{nI")).toEqual([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]]);
  expect(decodePolyline6("")).toEqual([]);
});

test("the way ahead begins at the vehicle; a vehicle off its way is shown all of it", () => {
  const line: [number, number][] = [[109.8, 39.6], [109.81, 39.6], [109.81, 39.61]];
  const left = ahead(line, [109.805, 39.6001]);
  expect(left).toHaveLength(3);
  expect(left[0]![0]).toBeCloseTo(109.805, 6);
  expect(left[0]![1]).toBeCloseTo(39.6, 6);
  expect(ahead(line, [109.81, 39.604])).toHaveLength(2);
  expect(ahead(line, [109.9, 39.7])).toBe(line);
  expect(ahead(line, undefined)).toBe(line);
});

test("who and why are said in words: no machine word and no id of a person reaches the screen", () => {
  const order = { merchantNameZh: "示例超市", merchantNameEn: "Sample Market" } as OrderDetail;
  const step = (actor: string, byName: string | null) => ({ actor, byName }) as OrderDetail["history"][number];
  const who = (actor: string, byName: string | null) => whoOf(step(actor, byName), order, desk, (zh) => zh);
  expect([who("resident:01a2", "138****0000"), who("merchant:KB-1", "x"), who("system:dispatch", null), who("vehicle:7", "EDS-7")]).toEqual(["收件人 138****0000", "示例超市", "平台自动", "EDS-7"]);
  expect([requesterOf("merchant:KB-1", desk), requesterOf("system", desk), requesterOf("示例调度员", desk)]).toEqual(["商户", "平台自动", "示例调度员"]);
  const kinds = { taskKind: { delivery: "配送" }, incidentType: { crash: "碰撞" } };
  expect([commandReason("load", desk, kinds), commandReason("delivery", desk, kinds), commandReason("演练", desk, kinds)]).toEqual(["商户装货", "配送", "演练"]);
  expect([commandReason("incident crash", desk, kinds), commandReason("incident x", desk, kinds)]).toEqual(["事故留证（碰撞）", "事故留证"]);
});

test("costs are minutes and seconds, and a term that weighs nothing is left out", () => {
  expect([minutesSeconds(475.4), minutesSeconds(-30), minutesSeconds(-0.2), minutesSeconds(59.7)]).toEqual(["7:55", "−0:30", "0:00", "1:00"]);
  expect(weighing([{ seconds: 475 }, { seconds: -0.1 }])).toEqual([{ seconds: 475 }]);
});

test("an alarm says what was seen, and nothing when nothing was written down", () => {
  const of = (details: Record<string, unknown>) => evidenceOf(details, desk, { vehicle_fault: "车辆故障" }, (zh) => zh);
  expect(of({ fence_name_zh: "示例慢行区", fence_name_en: "Sample slow zone", speed_mps: 6.39, limit_mps: 4.17 })).toBe("示例慢行区 · 车速 23\u00a0km/h，此处限速 15\u00a0km/h");
  expect([of({ battery_ratio: 0.18 }), of({ reason: "vehicle_fault", task_id: "1" }), of({ last_heard_ms: 1795312800000 })]).toEqual(["电量 18%", "车辆故障", "最后上报 10:00:00"]);
  expect([of({}), of({ reason: "not a word of ours", last_heard_ms: 0 })]).toEqual(["", ""]);
});

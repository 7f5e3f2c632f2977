/** What the pages read from the api, by name. One place, so that the generated schema can take over. */
import type { Districts } from "../map/districts.ts";
import type { Grounds } from "../map/grounds.ts";
import type { Roads } from "../map/roads.ts";

export type { Districts, Grounds, Roads };

export interface Town {
  code: string;
  district: string;
  nameZh: string;
  nameEn: string;
  bbox: [west: number, south: number, east: number, north: number];
  centre: [lng: number, lat: number];
}

export interface Config {
  city: { code: string; nameZh: string; nameEn: string };
  isDemo: boolean;
  isSynthetic: boolean;
  attributionZh: string;
  attributionEn: string;
  approvalNumber: string;
  telephone: string;
  cityTimeMs: number;
  rate: number;
  towns: Town[];
}

export interface Me {
  id: string;
  name: string;
  role: string;
  agency: string | null;
  operator: string | null;
  districts: string[] | null;
  scopes: string[];
}

export interface VehicleBrief {
  vehicleNo: number;
  code: string;
  service: string;
  district: string;
  operator: string;
  lifecycle: string;
  duty: string;
}

export interface TaskStop {
  stopId: string;
  seq: number;
  kind: string;
  state: string;
  nameZh: string;
  nameEn: string;
  lat: number;
  lng: number;
  polyline6?: string;
  etaAt: string | null;
  reachedAt: string | null;
  leftAt: string | null;
}

export interface TaskView {
  taskId: string;
  kind: string;
  state: string;
  orders: string[];
  stops: TaskStop[];
}

export interface VehicleDetail extends VehicleBrief {
  connection: string;
  controlMode: string;
  speedMps: number | null;
  batteryRatio: number | null;
  lat: number | null;
  lng: number | null;
  measuredAt: string | null;
  softwareVersion: string | null;
  hardwareModel: string;
  fenceSetVersion: number | null;
  permit: { number: string; stage: string; validUntil: string } | null;
  insurance: { number: string; insurer: string; validUntil: string } | null;
  remoteOperator: string | null;
  compartments: { compartment: number; label: string; isOpen: boolean | null; orderId: string | null }[];
  task: TaskView | null;
  isHeldByStop: boolean;
  reasons: { code: string; nameZh: string; nameEn: string; value: string | null; needed: string | null }[];
  /** Kind of command → why it cannot be given now; an empty list means that it can. */
  commandHindrances: Record<string, string[]>;
}

export interface AlarmComment {
  byName: string;
  at: string;
  text: string;
}

export interface Alarm {
  alarmId: string;
  kind: string;
  severity: string;
  vehicleNo: number;
  code: string | null;
  district: string;
  operator: string;
  raisedAt: string;
  clearedAt: string | null;
  acknowledgedAt: string | null;
  acknowledgedByName: string | null;
  assigneeName: string | null;
  lat: number | null;
  lng: number | null;
  details: Record<string, string | number | boolean | null>;
  comments: AlarmComment[];
}

export interface Command {
  commandId: string;
  vehicleNo: number;
  kind: string;
  state: string;
  reason: string;
  requesterName: string;
  issuedAt: string;
  expiresAt: string | null;
  sentAt: string | null;
  acknowledgedAt: string | null;
  finishedAt: string | null;
  detail: string;
}

export interface OrderLine {
  nameZh: string;
  nameEn: string;
  quantity: number;
  priceFen: number;
}

export interface OrderBrief {
  orderId: string;
  state: string;
  district: string;
  merchantNameZh: string;
  merchantNameEn: string;
  pickupPointNameZh: string;
  pickupPointNameEn: string;
  vehicleNo: number | null;
  vehicleCode: string | null;
  placedAt: string;
  promisedP90At: string;
  etaAt: string | null;
  closedAt: string | null;
  /** Why it waits, was cancelled or failed; empty when nothing is wrong. */
  reason: string;
  phone: string | null;
}

export interface OrderStep {
  state: string;
  event: string;
  at: string;
  byName: string | null;
  detail: string | null;
}

export interface CostTerm {
  name: string;
  seconds: number;
}

export interface CandidateLine {
  vehicleNo: number;
  code: string;
  costS: number | null;
  terms: CostTerm[];
  lostByS: number | null;
  excludedBy: { rule: string; value: string | null; needed: string | null }[];
}

export interface Decision {
  at: string;
  considered: number;
  feasible: number;
  chosen: number | null;
  chosenCode: string | null;
  costS: number | null;
  terms: CostTerm[];
  candidates: CandidateLine[];
  excluded: { rule: string; nameZh: string; nameEn: string; count: number }[];
  textZh: string;
  textEn: string;
}

export interface OrderDetail extends OrderBrief {
  lines: OrderLine[];
  totalFen: number;
  history: OrderStep[];
  decision: Decision | null;
}

export interface DistrictSummary {
  code: string;
  nameZh: string;
  nameEn: string;
  vehicles: number;
  planned: number;
  byCondition: Record<string, number>;
  openAlarms: number;
}

export interface CitySummary {
  vehicles: number;
  online: number;
  driving: number;
  ordersToday: number;
  deliveredToday: number;
  kmToday: number | null;
  onTimeRatio: number | null;
  openAlarms: number;
  unacknowledgedAlarms: number;
  plan: { year: number; planned: number }[];
  byService: Record<string, { vehicles: number; planned: number }>;
  districts: DistrictSummary[];
}

export interface Merchant {
  merchantId: string;
  nameZh: string;
  nameEn: string;
  kind: string;
  district: string;
  isOpen: boolean;
  openHours: string;
}

export interface Goods {
  goodsId: string;
  nameZh: string;
  nameEn: string;
  priceFen: number;
  stock: number;
}

export interface PickupPoint {
  pickupPointId: string;
  kind: string;
  nameZh: string;
  nameEn: string;
  compoundZh: string;
  compoundEn: string;
  district: string;
  lat: number;
  lng: number;
}

export interface Quote {
  p50At: string;
  p90At: string;
  feeFen: number;
  totalFen: number;
}

export interface ResidentVehicle {
  code: string;
  lat: number;
  lng: number;
  headingDeg: number;
  speedMps: number;
  measuredAt: string;
  isStopped: boolean;
}

export interface ResidentOrder {
  orderId: string;
  state: string;
  reason: string;
  merchantNameZh: string;
  merchantNameEn: string;
  pickupPointNameZh: string;
  pickupPointNameEn: string;
  pickup: { lat: number; lng: number };
  lines: OrderLine[];
  totalFen: number;
  placedAt: string;
  promisedP50At: string;
  promisedP90At: string;
  etaAt: string | null;
  remainingM: number | null;
  collectBy: string | null;
  compartment: number | null;
  compartmentLabel: string | null;
  vehicleCode: string | null;
  vehicle: ResidentVehicle | null;
  /** Encoded polyline (six decimals) of the way that is left to the pickup point; null when there is none. */
  polyline6: string | null;
  history: { state: string; at: string }[];
  canCancel: boolean;
  canOpen: boolean;
}

export interface PickupCode {
  /** Null once it is locked. */
  code: string | null;
  generation: number;
  triesLeft: number;
  isLocked: boolean;
  canRefresh: boolean;
}

/** Who did something and why, in words: the api names machines and reasons by stable words. Pure. */
import type { OrderDetail } from "../api/types.ts";
import { clockSeconds, percent, speedKmh } from "../format.ts";
import type { DeskWords } from "../i18n/console.zh.ts";

type OrderStep = OrderDetail["history"][number];
type Pick = (zh: string, en: string) => string;

/** Who caused a step of an order: the vehicle's code, the merchant, the masked phone, a person's name. */
export function whoOf(step: OrderStep, order: OrderDetail, words: DeskWords, pick: Pick): string {
  const kind = step.actor.split(":", 1)[0] ?? "";
  if (kind === "merchant") return pick(order.merchantNameZh, order.merchantNameEn);
  if (kind === "system") return words.actor["system"] ?? "";
  const name = step.byName ?? "";
  if (kind === "resident" || kind === "link") return `${words.actor[kind] ?? ""} ${name}`.trim();
  return name || (words.actor[kind] ?? "");
}

/** Who gave a command: staff by their names, everybody else ("merchant:KB-1") by what they are. */
export function requesterOf(name: string, words: DeskWords): string {
  const [kind, id] = name.split(":", 2);
  return (id === undefined && kind !== "system" ? undefined : words.actor[kind ?? ""]) ?? name;
}

interface ReasonNames {
  readonly taskKind: Readonly<Record<string, string>>;
  readonly incidentType: Readonly<Record<string, string>>;
}

/** Why a command was given: what a person wrote, or the words for what the platform notes (a task's kind, an incident's type). */
export function commandReason(reason: string, words: DeskWords, names: ReasonNames): string {
  const incident = /^incident (\w+)$/.exec(reason)?.[1];
  if (incident) return words.command.incident(names.incidentType[incident] ?? "");
  return words.command.because[reason] ?? names.taskKind[reason] ?? reason;
}

/** What the platform saw when it raised an alarm, in words; "" when it wrote down nothing that helps. */
export function evidenceOf(
  details: Readonly<Record<string, unknown>>,
  words: DeskWords,
  reasons: Readonly<Record<string, string>>,
  pick: Pick,
): string {
  const { speed_mps: speed, limit_mps: limit, battery_ratio: battery, last_heard_ms: heard, reason } = details;
  const said = words.alarm.evidence;
  const parts: string[] = [];
  const { fence_name_zh: zh, fence_name_en: en } = details;
  if (typeof zh === "string" && typeof en === "string") parts.push(pick(zh, en));
  if (typeof speed === "number" && typeof limit === "number") parts.push(said.speed(speedKmh(speed), speedKmh(limit)));
  if (typeof battery === "number") parts.push(said.battery(percent(battery)));
  if (typeof heard === "number" && heard > 0) parts.push(said.heard(clockSeconds(heard)));
  if (typeof reason === "string" && reason in reasons) parts.push(reasons[reason]!);
  return parts.join(" · ");
}

/** "7:55" minutes and seconds, "−0:30". */
export function minutesSeconds(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  return `${seconds < 0 && whole > 0 ? "−" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** The terms that weigh anything: half a second and more. */
export const weighing = <T extends { readonly seconds: number }>(terms: readonly T[]): T[] =>
  terms.filter((term) => Math.abs(term.seconds) >= 0.5);

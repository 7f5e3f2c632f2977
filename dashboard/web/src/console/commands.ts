/** Which commands a person may give from the drawer, what they need, and how far one has come. Pure. */
import type { Command, VehicleDetail } from "../api/types.ts";

export interface Offer {
  readonly kind: string;
  readonly scope: "vehicles:command" | "vehicles:stop";
  /** Stops are drawn in red: a person needs to act. */
  readonly tone: "stop" | "plain";
  readonly needs?: "compartment" | "speech";
}

const STOP: Offer = { kind: "safe_stop", scope: "vehicles:stop", tone: "stop" };
const EMERGENCY: Offer = { kind: "emergency_stop", scope: "vehicles:stop", tone: "stop" };
const RELEASE: Offer = { kind: "release", scope: "vehicles:command", tone: "plain" };
/** Only of a vehicle that a stop or a scene holds: any other one is stopped first. */
const POWER_DOWN: Offer = { kind: "power_down", scope: "vehicles:command", tone: "plain" };

/** The first ones are shown at once, the rest under "more". A held vehicle is offered its release first. */
export function offers(vehicle: VehicleDetail): { first: Offer[]; more: Offer[] } {
  const more: Offer[] = [];
  if (vehicle.task) {
    more.push(
      vehicle.task.state === "suspended"
        ? { kind: "resume", scope: "vehicles:command", tone: "plain" }
        : { kind: "pause", scope: "vehicles:command", tone: "plain" },
    );
  }
  more.push({ kind: "return_to_depot", scope: "vehicles:command", tone: "plain" });
  if (vehicle.compartments.length > 0) {
    more.push({ kind: "open_compartment", scope: "vehicles:command", tone: "plain", needs: "compartment" });
  }
  more.push(
    { kind: "speak", scope: "vehicles:command", tone: "plain", needs: "speech" },
    { kind: "lights_horn", scope: "vehicles:command", tone: "plain" },
  );
  if (vehicle.isHeldByStop || vehicle.notDispatchable.includes("scene_hold")) more.push(POWER_DOWN);
  return { first: vehicle.isHeldByStop ? [RELEASE, EMERGENCY] : [STOP, EMERGENCY], more };
}

/** Body parameters of a kind, in the words of the wire; the server adds routes and epochs itself. */
export function paramsOf(kind: string, given: { compartment: number; speech: string }): Record<string, unknown> {
  switch (kind) {
    case "open_compartment":
      return { compartment: given.compartment };
    case "speak":
      return { textZh: given.speech };
    case "lights_horn":
      return { lights: 1, hornS: 1.5 };
    default:
      return {};
  }
}

/** Why an offer cannot be taken now: the role, this page's own link, or a word of the server's hindrances. */
export function blocked(
  offer: Offer,
  vehicle: VehicleDetail,
  now: { linkOpen: boolean; may: (scope: string) => boolean },
): string | undefined {
  if (!now.may(offer.scope)) return "scope";
  if (!now.linkOpen) return "link";
  return vehicle.commandHindrances[offer.kind]?.[0];
}

export const LADDER = ["queued", "sent", "acknowledged", "succeeded"] as const;
const ENDED = new Set(["succeeded", "failed", "expired", "rejected"]);
export const hasEnded = (command: Command): boolean => ENDED.has(command.state);

export interface Rung {
  readonly state: string;
  readonly at: string | null;
  readonly how: "done" | "now" | "ahead" | "bad";
}

/** The ladder queued → sent → acknowledged → done with the time of each; a bad end takes the next rung's place. */
export function rungs(command: Command): Rung[] {
  const times: Record<string, string | null> = {
    queued: command.issuedAt,
    sent: command.sentAt,
    acknowledged: command.acknowledgedAt,
    succeeded: command.finishedAt,
  };
  const isBad = ENDED.has(command.state) && command.state !== "succeeded";
  const reached = isBad
    ? command.acknowledgedAt
      ? 2
      : command.sentAt
        ? 1
        : 0
    : LADDER.indexOf(command.state as (typeof LADDER)[number]);
  const ladder: Rung[] = LADDER.map((state, i) => ({
    state,
    at: i <= reached ? (times[state] ?? null) : null,
    how: i < reached || state === command.state ? (command.state === "succeeded" || i < reached ? "done" : "now") : i === reached ? "done" : "ahead",
  }));
  if (!isBad) return ladder;
  return [...ladder.slice(0, reached + 1), { state: command.state, at: command.finishedAt, how: "bad" }];
}

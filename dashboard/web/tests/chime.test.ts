import { describe, expect, it } from "vitest";
import { gravestNew, stillCalls, TONES, type Heard } from "../src/shift/chime.ts";

const alarm = (alarmId: string, severity: string, more: Partial<Heard> = {}): Heard => ({ alarmId, severity, acknowledgedAt: null, clearedAt: null, ...more });

describe("what is heard", () => {
  it("is the gravest of what is new", () => {
    const known = new Set(["a"]);
    expect(gravestNew([alarm("a", "critical"), alarm("b", "warning"), alarm("c", "major")], known)).toBe("major");
    expect(gravestNew([alarm("a", "critical")], known)).toBeUndefined();
  });
  it("is nothing for information, for what somebody took and for what is over", () => {
    const none = new Set<string>();
    expect(gravestNew([alarm("a", "info")], none)).toBeUndefined();
    expect(gravestNew([alarm("a", "critical", { acknowledgedAt: "2026-01-01T00:00:00Z" })], none)).toBeUndefined();
    expect(gravestNew([alarm("a", "critical", { clearedAt: "2026-01-01T00:00:00Z" })], none)).toBeUndefined();
  });
  it("comes again while a critical alarm waits", () => {
    expect(stillCalls([alarm("a", "critical")])).toBe(true);
    expect(stillCalls([alarm("a", "major"), alarm("b", "critical", { acknowledgedAt: "2026-01-01T00:00:00Z" })])).toBe(false);
  });
  it("tells severities apart", () => {
    expect(TONES.critical.times).toBeGreaterThan(TONES.major.times);
    expect(TONES.major.times).toBeGreaterThan(TONES.warning.times);
  });
});

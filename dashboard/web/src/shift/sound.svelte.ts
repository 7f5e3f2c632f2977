/** Whether this desk is heard, and what has sounded. The choice is kept by the browser of the desk. */
import { gravestNew, play, stillCalls, type Heard } from "./chime.ts";

const KEY = "steppe.muted";
const AGAIN_MS = 10_000;

class DeskSound {
  muted = $state(localStorage.getItem(KEY) === "1");
  /** False until somebody has touched the page: browsers let no page sound before. */
  ready = $state(false);
  /** What has really sounded last. */
  last = $state("");
  private context: AudioContext | undefined;
  private known: Set<string> | undefined;
  private againAt = 0;

  /** Call it from a press of a key or a pointer. */
  async wake(): Promise<void> {
    if (!("AudioContext" in window)) return;
    this.context ??= new AudioContext();
    if (this.context.state !== "running") await this.context.resume().catch(() => undefined);
    this.ready = this.context.state === "running";
  }

  toggle(): void {
    this.muted = !this.muted;
    localStorage.setItem(KEY, this.muted ? "1" : "0");
  }

  test(severity: string): void {
    void this.wake().then(() => {
      if (play(this.context, severity)) this.last = severity;
    });
  }

  /** Sounds for what is new since the last look, and again for a critical alarm that nobody takes. */
  look(alarms: readonly Heard[] | undefined, nowMs: number): void {
    if (!alarms) return;
    const first = this.known === undefined;
    const known = this.known ?? new Set(alarms.map((alarm) => alarm.alarmId));
    const calls = stillCalls(alarms);
    const fresh = first ? undefined : gravestNew(alarms, known);
    for (const alarm of alarms) known.add(alarm.alarmId);
    this.known = known;
    const severity = fresh ?? (calls && nowMs >= this.againAt ? "critical" : undefined);
    if (severity === undefined) return;
    if (severity === "critical") this.againAt = nowMs + AGAIN_MS;
    if (this.muted) return;
    if (play(this.context, severity)) this.last = severity;
  }
}

export const sound = new DeskSound();

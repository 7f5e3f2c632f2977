/** What an alarm sounds like: the graver, the more tones and the higher; and which alarms are new. Pure but for `play`. */

export type Severity = "critical" | "major" | "warning" | "info";
export interface Heard {
  readonly alarmId: string;
  readonly severity: string;
  readonly acknowledgedAt: string | null;
  readonly clearedAt: string | null;
}
interface Tone {
  readonly hertz: number;
  readonly times: number;
}

export const TONES: Readonly<Record<Severity, Tone>> = {
  critical: { hertz: 988, times: 4 },
  major: { hertz: 784, times: 3 },
  warning: { hertz: 587, times: 1 },
  info: { hertz: 0, times: 0 },
};
const RANK: readonly Severity[] = ["critical", "major", "warning", "info"];
const TONE_S = 0.16;
const PAUSE_S = 0.09;
const LOUD = 0.35;

const isSeverity = (text: string): text is Severity => RANK.includes(text as Severity);
const waits = (alarm: Heard): boolean => alarm.acknowledgedAt === null;

/** The gravest of the alarms that were not known; undefined when none is new or calls anybody. */
export function gravestNew(alarms: readonly Heard[], known: ReadonlySet<string>): Severity | undefined {
  const fresh = alarms.filter((alarm) => !known.has(alarm.alarmId) && waits(alarm) && alarm.clearedAt === null);
  const found = RANK.find((severity) => fresh.some((alarm) => alarm.severity === severity));
  return found === undefined || TONES[found].times === 0 ? undefined : found;
}

/** Whether a critical alarm stands that nobody has acknowledged: it is heard again and again. */
export const stillCalls = (alarms: readonly Heard[]): boolean =>
  alarms.some((alarm) => alarm.severity === "critical" && waits(alarm) && alarm.clearedAt === null);

/** Plays a severity; false where the browser has no audio or has not let the page make a sound yet. */
export function play(context: AudioContext | undefined, severity: string): boolean {
  if (!context || context.state !== "running" || !isSeverity(severity)) return false;
  const { hertz, times } = TONES[severity];
  for (let n = 0; n < times; n++) {
    const at = context.currentTime + n * (TONE_S + PAUSE_S);
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(LOUD, at + 0.01);
    volume.gain.setValueAtTime(LOUD, at + TONE_S - 0.03);
    volume.gain.linearRampToValueAtTime(0, at + TONE_S);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  }
  return times > 0;
}

import { unseen } from "./unseen.ts";

/** The sound of a new order: rings at once and again every few seconds until somebody has seen the order. */
const MUTED = "steppe.merchant.muted";
const SEEN = "steppe.merchant.seen";
const MOST_SEEN = 300;
export const AGAIN_MS = 5_000;
const TONES_HZ = [880, 1175, 880];
const TONE_S = 0.18;

class Bell {
  isMuted = $state(localStorage.getItem(MUTED) === "1");
  /** The browser lets a page sound only after somebody has touched it. */
  isLocked = $state(false);
  /** How often it rang since the page was opened. */
  rings = $state(0);
  private seen = $state.raw<ReadonlySet<string>>(new Set(kept()));
  private audio: AudioContext | undefined;

  waiting(created: readonly string[]): string[] {
    return unseen(created, this.seen);
  }

  see(ids: readonly string[]): void {
    const fresh = unseen(ids, this.seen);
    if (fresh.length === 0) return;
    const all = [...this.seen, ...fresh].slice(-MOST_SEEN);
    this.seen = new Set(all);
    localStorage.setItem(SEEN, JSON.stringify(all));
  }

  mute(isMuted: boolean): void {
    this.isMuted = isMuted;
    localStorage.setItem(MUTED, isMuted ? "1" : "0");
  }

  /** Rings unless it is muted; the test button rings in any case. */
  async ring(inAnyCase = false): Promise<void> {
    if (this.isMuted && !inAnyCase) return;
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") await Promise.race([this.audio.resume(), new Promise((done) => setTimeout(done, 300))]);
    this.isLocked = this.audio.state !== "running";
    if (this.isLocked) return;
    this.rings += 1;
    const from = this.audio.currentTime;
    for (const [index, hz] of TONES_HZ.entries()) tone(this.audio, hz, from + index * TONE_S * 1.3);
  }
}

function tone(audio: AudioContext, hz: number, at: number): void {
  const source = audio.createOscillator();
  const volume = audio.createGain();
  source.frequency.value = hz;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + TONE_S);
  source.connect(volume).connect(audio.destination);
  source.start(at);
  source.stop(at + TONE_S);
}

function kept(): string[] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(SEEN) ?? "[]");
    return Array.isArray(read) ? read.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export const bell = new Bell();

/** The tokens of what somebody said on this phone, for seven days: nothing but this phone knows that it was she. */
const KEY = "steppe.said";
const KEPT_MS = 7 * 86_400_000;

export interface Kept {
  code: string;
  token: string;
  atMs: number;
}

export interface Box {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** What was said of a vehicle, the newest first; what is older than a week is forgotten. */
export function keptOf(box: Box, code: string, nowMs: number): Kept[] {
  return all(box, nowMs).filter((one) => one.code === code);
}

export function keep(box: Box, one: Kept): void {
  const others = all(box, one.atMs).filter((each) => each.token !== one.token);
  box.setItem(KEY, JSON.stringify([one, ...others]));
}

function all(box: Box, nowMs: number): Kept[] {
  try {
    const found: unknown = JSON.parse(box.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(isKept).filter((one) => nowMs - one.atMs < KEPT_MS) : [];
  } catch {
    return [];
  }
}

function isKept(one: unknown): one is Kept {
  const { code, token, atMs } = Object(one) as Record<string, unknown>;
  return typeof code === "string" && typeof token === "string" && typeof atMs === "number";
}

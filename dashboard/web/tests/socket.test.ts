import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backoffMs, LiveSocket, type LinkStatus } from "../src/live/socket.ts";

class WoodenSocket {
  static all: WoodenSocket[] = [];
  binaryType = "";
  readyState = 0;
  sent: string[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor() {
    WoodenSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }
}

const socketNow = (): WoodenSocket => WoodenSocket.all.at(-1)!;

function open(options: { silenceMs?: number } = {}) {
  const statuses: LinkStatus[] = [];
  const texts: string[] = [];
  const link = new LiveSocket({
    url: "ws://city/api/live",
    onOpen: (send) => send("subscribe"),
    onText: (text) => texts.push(text),
    onStatus: (status) => statuses.push(status),
    open: () => new WoodenSocket() as unknown as WebSocket,
    random: () => 1,
    now: () => 0,
    ...options,
  });
  link.start();
  return { link, statuses, texts, kinds: () => statuses.map((status) => status.kind) };
}

beforeEach(() => {
  WoodenSocket.all = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the window of the back-off doubles to twenty seconds and is never without jitter", () => {
  expect([0, 1, 2, 5, 6, 20].map((attempt) => backoffMs(attempt, () => 1))).toEqual([500, 1000, 2000, 16_000, 20_000, 20_000]);
  expect(backoffMs(6, () => 0)).toBe(4000);
});

test("a lost link comes back by itself, subscribes again and starts its back-off anew", () => {
  const { kinds } = open();
  socketNow().opens();
  socketNow().onclose?.({ code: 1006 });
  expect(kinds()).toEqual(["connecting", "open", "waiting"]);
  vi.advanceTimersByTime(500);
  expect(WoodenSocket.all.length).toBe(2);
  socketNow().opens();
  expect(socketNow().sent).toEqual(["subscribe"]);
  socketNow().onclose?.({ code: 1012 });
  vi.advanceTimersByTime(499);
  expect(WoodenSocket.all.length).toBe(2);
  vi.advanceTimersByTime(1);
  expect(WoodenSocket.all.length).toBe(3);
});

test("retries while the server stays away are further and further apart", () => {
  open();
  const waits = [500, 1000, 2000, 4000];
  waits.forEach((wait, i) => {
    socketNow().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(wait - 1);
    expect(WoodenSocket.all.length).toBe(i + 1);
    vi.advanceTimersByTime(1);
    expect(WoodenSocket.all.length).toBe(i + 2);
  });
});

test.each([4401, 4403, 4404])("close code %i ends the trying and is told to the page", (code) => {
  const { statuses } = open();
  socketNow().onclose?.({ code });
  vi.advanceTimersByTime(60_000);
  expect(statuses.at(-1)).toEqual({ kind: "refused", code });
  expect(WoodenSocket.all.length).toBe(1);
});

test.each([4480, 4481])("close code %i of a server that wants a new snapshot is tried again", (code) => {
  const { kinds } = open();
  socketNow().opens();
  socketNow().onclose?.({ code });
  expect(kinds().at(-1)).toBe("waiting");
});

test("silence counts as broken, any message counts as life", () => {
  const { kinds } = open({ silenceMs: 1000 });
  socketNow().opens();
  vi.advanceTimersByTime(900);
  socketNow().onmessage?.({ data: "hello" });
  vi.advanceTimersByTime(900);
  expect(kinds().at(-1)).toBe("open");
  vi.advanceTimersByTime(100);
  expect(kinds().at(-1)).toBe("waiting");
});

test("retrying now does not wait, and does nothing while the link is up", () => {
  const { link } = open();
  link.retryNow();
  expect(WoodenSocket.all.length).toBe(1);
  socketNow().onclose?.({ code: 1006 });
  link.retryNow();
  expect(WoodenSocket.all.length).toBe(2);
});

test("a stopped link stays stopped", () => {
  const { link, kinds } = open();
  socketNow().opens();
  link.stop();
  vi.advanceTimersByTime(120_000);
  expect([kinds().at(-1), WoodenSocket.all.length]).toEqual(["stopped", 1]);
});

test("a device that loses its network is told at once, and tried again when it has one", () => {
  const heard = new Map<string, () => void>();
  vi.stubGlobal("addEventListener", (name: string, listener: () => void) => heard.set(name, listener));
  const { kinds } = open();
  socketNow().opens();
  heard.get("offline")!();
  expect(kinds().at(-1)).toBe("waiting");
  heard.get("offline")!();
  expect(kinds().filter((kind) => kind === "waiting")).toHaveLength(1);
  heard.get("online")!();
  expect(WoodenSocket.all.length).toBe(2);
  vi.unstubAllGlobals();
});

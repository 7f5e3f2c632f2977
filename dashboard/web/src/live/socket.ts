/**
 * A WebSocket that comes back by itself and knows nothing of what it carries.
 *
 * Back-off: full jitter over an exponentially growing window (0.5 s doubling to 20 s), so a restarted server is
 * not met by every wall screen in the same second. Silence longer than `silenceMs` counts as broken. A close
 * code that says "you may not" (4401, 4403, 4404) ends the trying and is told to the page.
 */
export type LinkStatus =
  | { readonly kind: "connecting" }
  | { readonly kind: "open" }
  | { readonly kind: "waiting"; readonly retryAtMs: number }
  | { readonly kind: "refused"; readonly code: number }
  | { readonly kind: "stopped" };

export interface SocketOptions {
  url: string;
  onOpen(send: (text: string) => void): void;
  onText(text: string): void;
  onBinary?(bytes: ArrayBuffer): void;
  onStatus(status: LinkStatus): void;
  silenceMs?: number;
  /** For tests: the same surface as the browser's. */
  open?: (url: string) => WebSocket;
  random?: () => number;
  now?: () => number;
}

const FIRST_WINDOW_MS = 500;
const LAST_WINDOW_MS = 20_000;
const FINAL_CODES = new Set([4401, 4403, 4404]);

/** The wait before try number `attempt` (0 is the first retry): somewhere in a window that doubles. */
export function backoffMs(attempt: number, random: () => number): number {
  const window = Math.min(LAST_WINDOW_MS, FIRST_WINDOW_MS * 2 ** attempt);
  return Math.round(window * (0.2 + 0.8 * random()));
}

export class LiveSocket {
  private socket: WebSocket | undefined;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  constructor(private readonly options: SocketOptions) {}

  start(): void {
    this.stopped = false;
    globalThis.addEventListener?.("online", this.retryNow);
    globalThis.addEventListener?.("offline", this.networkLost);
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    globalThis.removeEventListener?.("online", this.retryNow);
    globalThis.removeEventListener?.("offline", this.networkLost);
    this.forget();
    this.options.onStatus({ kind: "stopped" });
  }

  send(text: string): void {
    if (this.socket?.readyState === 1) this.socket.send(text);
  }

  readonly retryNow = (): void => {
    if (this.stopped || this.retryTimer === undefined) return;
    this.connect();
  };

  /** The device says that it has no network: nothing is heard any more, however long the socket stays open. */
  private readonly networkLost = (): void => {
    if (!this.stopped && this.retryTimer === undefined) this.closed(4408);
  };

  private connect(): void {
    this.forget();
    this.options.onStatus({ kind: "connecting" });
    const socket = (this.options.open ?? ((url: string) => new WebSocket(url)))(this.options.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.listenForSilence();
    socket.onopen = () => {
      this.attempt = 0;
      this.options.onStatus({ kind: "open" });
      this.options.onOpen((text) => socket.send(text));
    };
    socket.onmessage = (event: MessageEvent) => {
      this.listenForSilence();
      if (typeof event.data === "string") this.options.onText(event.data);
      else this.options.onBinary?.(event.data as ArrayBuffer);
    };
    socket.onclose = (event: CloseEvent) => this.closed(event.code);
  }

  private closed(code: number): void {
    this.forget();
    if (this.stopped) return;
    if (FINAL_CODES.has(code)) {
      this.stopped = true;
      this.options.onStatus({ kind: "refused", code });
      return;
    }
    const wait = backoffMs(this.attempt++, this.options.random ?? Math.random);
    this.options.onStatus({ kind: "waiting", retryAtMs: (this.options.now ?? Date.now)() + wait });
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  private listenForSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => {
      if (!this.stopped) this.closed(4408);
    }, this.options.silenceMs ?? 15_000);
  }

  private forget(): void {
    clearTimeout(this.retryTimer);
    clearTimeout(this.silenceTimer);
    this.retryTimer = undefined;
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState <= 1) socket.close();
  }
}

/**
 * One way to ask the api: JSON in and out, problems (RFC 9457) as one error class, a time limit, cookies.
 *
 * A POST that moves a vehicle or money takes an idempotency key from its caller, who keeps it while repeating.
 */
export type ProblemKind = "network" | "unauthenticated" | "forbidden" | "notFound" | "conflict" | "tooMany" | "invalid" | "server";

export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly status: number,
    readonly code: string,
    readonly fields: Readonly<Record<string, unknown>> = {},
    readonly retryAfterS: number | undefined = undefined,
  ) {
    super(code);
  }
}

export interface Ask {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  idempotencyKey?: string;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 15_000;

export async function ask<T>(path: string, options: Ask = {}): Promise<T> {
  const response = await send(path, options);
  if (response.status === 204 || response.headers.get("content-length") === "0") return undefined as T;
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export async function askBytes(path: string): Promise<ArrayBuffer> {
  return (await send(path, {})).arrayBuffer();
}

async function send(path: string, options: Ask): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (options.idempotencyKey) headers["Idempotency-Key"] = options.idempotencyKey;
  const limit = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? "GET",
      headers,
      body: options.body === undefined ? null : JSON.stringify(options.body),
      credentials: "same-origin",
      signal: options.signal ? AbortSignal.any([limit, options.signal]) : limit,
    });
  } catch {
    throw new Problem("network", 0, "network");
  }
  if (response.ok) return response;
  throw await problemOf(response);
}

/** The problem an answer carries; an answer that is no problem document keeps its status as code. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: { code?: unknown; fields?: Record<string, unknown>; errors?: { field: string; message: string }[] } = {};
  try {
    body = Object(await response.json()) as typeof body;
  } catch {
    // A gateway's HTML page or nothing: the status alone decides.
  }
  const code = typeof body.code === "string" ? body.code : `http-${response.status}`;
  const first = body.errors?.[0];
  const fields = first ? { field: first.field, limit: first.message } : (Object(body.fields) as Record<string, unknown>);
  const retry = Number(response.headers.get("retry-after"));
  return new Problem(kindOf(response.status), response.status, code, fields, retry > 0 ? retry : undefined);
}

function kindOf(status: number): ProblemKind {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404 || status === 410) return "notFound";
  if (status === 409 || status === 412) return "conflict";
  if (status === 429) return "tooMany";
  return status < 500 ? "invalid" : "server";
}

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem("server", 0, "unexpected");

/** A fresh key for one intention of a person; kept while the same intention is sent again. */
export const idempotencyKey = (): string => crypto.randomUUID();

/** Where the live feed of a path is. */
export function liveUrl(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

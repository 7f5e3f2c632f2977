import type { Problem } from "../api/http.ts";
import type { Words } from "../i18n/words.zh.ts";

/** What went wrong, in words that say what to do. */
export function explain(problem: Problem, words: Words): string {
  switch (problem.kind) {
    case "network":
      return words.error.network;
    case "unauthenticated":
      return words.link.expired;
    case "forbidden":
      return words.error.forbidden;
    case "notFound":
      return words.error.notFound;
    case "conflict":
      return words.error.conflict;
    case "tooMany":
      return words.error.tooMany;
    case "invalid":
      return words.error.invalid;
    case "server":
      return words.error.server;
  }
}

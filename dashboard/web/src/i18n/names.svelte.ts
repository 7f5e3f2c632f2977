import { dictionary } from "./locale.svelte.ts";
import * as names from "./names.zh.ts";

/** The names of states and kinds in the language of the page, as the server packages have them. */
export const n = dictionary<typeof names>(names, () => import("./names.en.ts"));

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { packAssets } from "./scripts/pack-assets.mjs";
import { phoneShell } from "./scripts/phone-shell.mjs";
import { preloadParts } from "./scripts/preload-parts.mjs";

// `npm run dev` shows the pages against an api that runs elsewhere: STEPPE_API=http://127.0.0.1:8000.
declare const process: { env: Record<string, string | undefined> };
const EVERY_PAGE =
  /node_modules\/svelte\/|src\/(api\/(http|public)|live\/clock|parts\/(address|asked|now|problem|LanguageButton|StateBox)|i18n\/(locale|words\.zh|words\.svelte))\b/;
const api = process.env["STEPPE_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [svelte(), phoneShell(), preloadParts(), packAssets()],
  base: "/",
  build: {
    target: "es2023",
    manifest: true,
    modulePreload: { polyfill: false },
    // One style sheet per page; MapLibre (≈ 430 kB gzip) is a chunk of its own that no first paint waits for.
    chunkSizeWarningLimit: 1400,
    rolldownOptions: {
      input: { city: "city.html", console: "console.html", planning: "planning.html", patrol: "patrol.html", records: "records.html", fences: "fences.html", phone: "phone.html", merchant: "merchant.html", crew: "crew.html", scan: "scan.html", privacy: "privacy.html", missing: "missing.html" },
      // What every page needs at once is one chunk: six small ones cost 0.6 kB more and a round trip each.
      output: { codeSplitting: { groups: [{ name: "base", test: EVERY_PAGE }] } },
    },
  },
  server: { proxy: { "/api": { target: api, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});

import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// `npm run dev` shows the pages against an api that runs elsewhere: STEPPE_API=http://127.0.0.1:8000.
declare const process: { env: Record<string, string | undefined> };
const api = process.env["STEPPE_API"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [svelte()],
  base: "/",
  build: {
    target: "es2023",
    manifest: true,
    modulePreload: { polyfill: false },
    // One style sheet per page; MapLibre (≈ 430 kB gzip) is a chunk of its own that no first paint waits for.
    chunkSizeWarningLimit: 1400,
    rolldownOptions: {
      input: { city: "city.html", console: "console.html", phone: "phone.html" },
    },
  },
  server: { proxy: { "/api": { target: api, ws: true } } },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});

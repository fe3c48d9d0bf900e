/** The app: from index.html to dist/app, files that the API serves as they are, under a CSP without anything inline. */

import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

const API = ["/api", "/docs", "/openapi.json", "/problems"];

export default defineConfig(({ mode }) => ({
  plugins: [react()],
  build: {
    outDir: "dist/app",
    // A `data:` URL is something inline, too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // Recorded runs, for `?replay=`: addresses of files of their own, fetched when asked for.
  assetsInclude: ["**/*.jsonl"],
  server: {
    // The API compares the page's origin with the host that is asked: it must be the same here as in production.
    proxy: Object.fromEntries(API.map((path) => [path, { target: address(mode), changeOrigin: false }])),
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: "tests/setup.ts",
    sequence: { shuffle: true },
    restoreMocks: true,
    // As long as a test in Python may take: a machine at work is slow, and axe and 100 snapshots are much to do.
    testTimeout: 20_000,
  },
}));

/** Where the API is. */
function address(mode: string): string {
  return loadEnv(mode, ".", "STEPGLASS_")["STEPGLASS_URL"] ?? "http://127.0.0.1:8000";
}

/** The package: ES modules for other people's bundlers, with React and the parsers left to them. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  publicDir: false,
  build: {
    outDir: "dist/lib",
    target: "es2023",
    minify: false,
    sourcemap: true,
    lib: {
      entry: { index: "src/index.ts", core: "src/core/index.ts", react: "src/react/index.ts" },
      formats: ["es"],
      cssFileName: "style",
    },
    rolldownOptions: { external: [/^react($|\/)/, /^react-dom($|\/)/, "eventsource-parser", "marked"] },
  },
});

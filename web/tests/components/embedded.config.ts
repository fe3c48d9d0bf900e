/** What a page that embeds the modal loads for it: all that it needs but React, which the page has. */

import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { modal: "tests/components/embedded.tsx" },
      external: [/^react($|\/)/, /^react-dom($|\/)/],
      preserveEntrySignatures: "strict",
    },
  },
});

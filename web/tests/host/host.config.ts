/** Somebody's app with the modal in it, to be looked at in a browser. */

import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({ root: "tests/host", base: "./", plugins: [react()] });

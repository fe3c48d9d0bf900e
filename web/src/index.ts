/** The whole package: what it knows of runs, how React sees them, and how people do. */

import "./style.css";

export * from "./components/index.ts";
export * from "./core/index.ts";
export * from "./react/index.ts";

/** The whole package: what it knows of runs, and how React sees them. */

import "./style.css";

export * from "./core/index.ts";
export * from "./react/index.ts";

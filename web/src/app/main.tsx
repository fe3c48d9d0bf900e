/** The page's beginning. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../style.css";
import "./app.css";
import { App } from "./app.tsx";
import { loadAhead } from "./pages.ts";
import { applyTheme } from "./theme.ts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root.");
applyTheme();
loadAhead();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

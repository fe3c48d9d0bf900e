/** The page's beginning. */

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { StepglassProvider } from "../react/context.tsx";
import "../style.css";
import { Page } from "./page.tsx";
import { replayIn } from "./replay.ts";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root.");
const replay = await replayIn(location.search);
createRoot(root).render(
  <StrictMode>
    <StepglassProvider>
      <Page replay={replay} />
    </StepglassProvider>
  </StrictMode>,
);

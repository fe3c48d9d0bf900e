/** Which page is shown, and what surrounds all of them. */

import { type ReactNode, Suspense, useEffect } from "react";
import { buttonClass } from "../components/button.tsx";
import { StepglassProvider } from "../react/context.tsx";
import css from "./app.module.css";
import { Boundary } from "./boundary.tsx";
import { Content } from "./content.tsx";
import { GenerationHost } from "./generation.tsx";
import { Wizard } from "./new/wizard.tsx";
import { BatchesPage, BatchPage, ReplayPage, RunPage, RunsPage, StatsPage } from "./pages.ts";
import { Link, navigate, usePlace } from "./router.tsx";
import { askWith, client } from "./server.ts";
import { Shell } from "./shell.tsx";
import { Language, useAppText } from "./text/languages.tsx";
import { useTitle } from "./title.ts";
import { ToastHost } from "./toast.tsx";
import { useTokenAsking } from "./token.tsx";

export function App(): ReactNode {
  return (
    <Language>
      <Boundary>
        <Server>
          <ToastHost>
            <GenerationHost>
              <Shell>
                <Suspense fallback={<Content />}>
                  <Page />
                </Suspense>
              </Shell>
            </GenerationHost>
          </ToastHost>
        </Server>
      </Boundary>
    </Language>
  );
}

function Server({ children }: { children: ReactNode }): ReactNode {
  const { ask, dialog } = useTokenAsking();
  useEffect(() => askWith(ask), [ask]);
  return (
    <>
      <StepglassProvider client={client}>{children}</StepglassProvider>
      {dialog}
    </>
  );
}

function Page(): ReactNode {
  const { path, query } = usePlace();
  useEffect(() => {
    if (path === "/") navigate(`/new${location.search}`, { replace: true });
  }, [path]);
  const replayed = query.get("replay");
  if (replayed !== null) return <ReplayPage name={replayed} speed={Number(query.get("speed") ?? 1)} />;
  if (path === "/new" || path === "/") return <Wizard />;
  if (path === "/runs") return <RunsPage />;
  if (path === "/batches") return <BatchesPage />;
  if (path === "/stats") return <StatsPage />;
  const [, runId] = /^\/runs\/([\w-]+)\/?$/.exec(path) ?? [];
  if (runId !== undefined) return <RunPage key={runId} runId={runId} />;
  const [, batchId] = /^\/batches\/([\w-]+)\/?$/.exec(path) ?? [];
  if (batchId !== undefined) return <BatchPage key={batchId} batchId={batchId} />;
  return <NotFound />;
}

function NotFound(): ReactNode {
  const { notFound } = useAppText();
  useTitle(notFound.title);
  return (
    <Content className={css["message"]}>
      <h1>{notFound.title}</h1>
      <p>{notFound.text}</p>
      <p className={css["links"]}>
        <Link className={buttonClass({ look: "primary" })} href="/new">
          {notFound.start}
        </Link>
        <Link className={buttonClass({})} href="/runs">
          {notFound.runs}
        </Link>
      </p>
    </Content>
  );
}

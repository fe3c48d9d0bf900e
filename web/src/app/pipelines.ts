/** The pipelines of the server, asked for once. */

import { useEffect, useState } from "react";
import type { Client } from "../core/client.ts";
import type { Problem } from "../core/contract.ts";
import { RequestError } from "../core/errors.ts";
import type { PipelineInfo } from "../core/wire.ts";
import { useClient } from "../react/context.tsx";

export interface PipelinesState {
  readonly all: readonly PipelineInfo[] | undefined;
  readonly problem: Problem | undefined;
  retry(): void;
}

const asked = new WeakMap<Client, Promise<PipelineInfo[]>>();

export function usePipelines(): PipelinesState {
  const client = useClient();
  const [all, setAll] = useState<readonly PipelineInfo[]>();
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round asks again.
  useEffect(() => {
    let current = true;
    const loaded = (pipelines: readonly PipelineInfo[]): void => {
      if (!current) return;
      setAll(pipelines);
      setProblem(undefined);
    };
    ask(client).then(loaded, (error: unknown) => {
      asked.delete(client);
      if (current && error instanceof RequestError) setProblem(error.problem);
    });
    return () => {
      current = false;
    };
  }, [client, round]);
  return { all, problem, retry: () => setRound(round + 1) };
}

export function usePipeline(
  name: string,
): { info: PipelineInfo | undefined } & Pick<PipelinesState, "problem" | "retry"> {
  const { all, problem, retry } = usePipelines();
  return { info: all?.find((each) => each.name === name), problem, retry };
}

function ask(client: Client): Promise<PipelineInfo[]> {
  const asking = asked.get(client) ?? client.api.pipelines();
  asked.set(client, asking);
  return asking;
}

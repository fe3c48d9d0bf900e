/** Something that a person asks the server to do: whether it is under way, and what went wrong with it. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Problem } from "../core/contract.ts";
import { RequestError } from "../core/errors.ts";

export interface ActionState<Result> {
  readonly pending: boolean;
  readonly result: Result | undefined;
  readonly problem: Problem | undefined;
}

export interface Action<Args extends unknown[], Result> extends ActionState<Result> {
  /** Never rejects: gives undefined for what went wrong, which is in `problem`. Asked twice at once, it is done once. */
  run(...args: Args): Promise<Result | undefined>;
  reset(): void;
}

const IDLE = { pending: false, result: undefined, problem: undefined };

export function useAction<Args extends unknown[], Result>(
  act: (...args: Args) => Promise<Result>,
): Action<Args, Result> {
  const [state, setState] = useState<ActionState<Result>>(IDLE);
  const latest = useRef(act);
  const going = useRef<Promise<Result | undefined>>(undefined);
  useEffect(() => {
    latest.current = act;
  }, [act]);

  const run = useCallback((...args: Args): Promise<Result | undefined> => {
    const once = async (): Promise<Result | undefined> => {
      setState({ ...IDLE, pending: true });
      try {
        const result = await latest.current(...args);
        setState({ ...IDLE, result });
        return result;
      } catch (error) {
        setState({ ...IDLE, problem: problemOf(error) });
        return undefined;
      } finally {
        going.current = undefined;
      }
    };
    going.current ??= once();
    return going.current;
  }, []);

  const reset = useCallback(() => setState(IDLE), []);
  return { ...state, run, reset };
}

function problemOf(error: unknown): Problem {
  if (error instanceof RequestError) return error.problem;
  return { type: "about:blank", title: "Something went wrong", detail: String(error) };
}

/** All pages of the wizard at a glance: which are answered, which need something, which is open. */

import type { ReactNode } from "react";
import { Icon } from "../../components/icon.tsx";
import { Unseen } from "../../components/unseen.tsx";
import { useAppText } from "../text/languages.tsx";
import { type Errors, type Field, lengthOf, type Values } from "./fields.ts";
import css from "./rail.module.css";

export interface RailProps {
  pages: readonly (readonly Field[])[];
  at: number;
  values: Values;
  errors: Errors;
  onTurn: (page: number) => void;
}

export function Rail({ pages, at, values, errors, onTurn }: RailProps): ReactNode {
  const { wizard } = useAppText();
  const states = pages.map((page) => stateOf(page, values, errors));
  return (
    <nav className={css["rail"]} aria-label={wizard.questions}>
      <p className={css["count"]}>{wizard.answered(states.filter((state) => state === "done").length, pages.length)}</p>
      <ol>
        {pages.map((page, place) => (
          <li key={page[0]?.name}>
            <button
              type="button"
              aria-current={place === at ? "step" : undefined}
              data-state={states[place]}
              onClick={() => onTurn(place)}
            >
              <span className={css["mark"]} aria-hidden="true">
                <Mark state={states[place]} number={place + 1} />
              </span>
              <span className={css["name"]}>{page.length > 1 ? wizard.company : page[0]?.title}</span>
              <Unseen>{wizard[states[place] ?? "open"]}</Unseen>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

type State = "done" | "open" | "wrong";

function Mark({ state, number }: { state: State | undefined; number: number }): ReactNode {
  if (state === "done") return <Icon name="check" size={12} />;
  return state === "wrong" ? "!" : number;
}

function stateOf(page: readonly Field[], values: Values, errors: Errors): State {
  if (page.some((field) => errors[field.name] !== undefined)) return "wrong";
  const lengths = page.map((field) => ({ length: lengthOf(values[field.name] ?? ""), limit: field.limit }));
  if (lengths.some(({ length, limit }) => length > limit)) return "wrong";
  return lengths.every(({ length }) => length > 0) ? "done" : "open";
}

/** One section of a framework, to be read. */

import type { ReactNode } from "react";
import { useText } from "../text/context.tsx";
import css from "./section-value.module.css";
import type { Bet, Framework, Metric, SectionName } from "./vision.ts";

export interface SectionValueProps {
  name: SectionName;
  value: Framework[SectionName];
}

export function SectionValue({ name, value }: SectionValueProps): ReactNode {
  const { framework: words } = useText();
  if (typeof value === "string") return <p className={css["vision"]}>{value}</p>;
  if (!value.length) return <p className={css["empty"]}>{words.empty}</p>;
  if (name === "near_term_bets") return <Bets bets={value as readonly Bet[]} />;
  if (name === "metrics") return <Metrics metrics={value as readonly Metric[]} />;
  const List = name === "tensions" ? "ul" : "ol";
  return (
    <List className={css["list"]}>
      {(value as readonly string[]).map((item) => (
        <li key={item}>{item}</li>
      ))}
    </List>
  );
}

function Bets({ bets }: { bets: readonly Bet[] }): ReactNode {
  const { framework: words } = useText();
  return (
    <ol className={css["bets"]}>
      {bets.map((bet) => (
        <li key={bet.bet}>
          <p>{bet.bet}</p>
          <dl>
            <div>
              <dt>{words.owner}</dt>
              <dd>{bet.owner}</dd>
            </div>
            <div>
              <dt>{words.horizon}</dt>
              <dd>{bet.horizon}</dd>
            </div>
            <div>
              <dt>{words.measure}</dt>
              <dd>{bet.measure}</dd>
            </div>
          </dl>
        </li>
      ))}
    </ol>
  );
}

function Metrics({ metrics }: { metrics: readonly Metric[] }): ReactNode {
  const { framework: words } = useText();
  return (
    <div className={css["scroll"]}>
      <table className={css["metrics"]}>
        <thead>
          <tr>
            <th scope="col">{words.name}</th>
            <th scope="col">{words.target}</th>
            <th scope="col">{words.cadence}</th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr key={metric.name}>
              <th scope="row">{metric.name}</th>
              <td>{metric.target}</td>
              <td>{metric.cadence}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

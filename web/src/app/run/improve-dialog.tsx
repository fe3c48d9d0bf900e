/** The new versions of several sections, each beside the old one: all of them are taken, or some, or none. */

import { type ReactNode, useId, useState } from "react";
import { BeforeAfter } from "../../components/before-after.tsx";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { ProblemPanel } from "../../components/problem-panel.tsx";
import { refinedIn } from "../../components/refined.ts";
import type { Problem } from "../../core/contract.ts";
import { sameJson } from "../../core/same-json.ts";
import type { RunView } from "../../core/view.ts";
import type { DocumentBody } from "../../core/wire.ts";
import type { Document } from "../../react/use-document.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import css from "./improve-dialog.module.css";
import type { Asked } from "./use-asked.ts";

export interface Offer extends Asked {
  readonly view: RunView | undefined;
  /** Why there is no new version. */
  readonly problem: Problem | undefined;
}

export interface ImproveDialogProps {
  open: boolean;
  document: Document;
  present: DocumentBody;
  offers: readonly Offer[];
  onClose: () => void;
  /** These are decided: taken, or left. */
  onDecided: (runIds: readonly string[]) => void;
}

export function ImproveDialog(props: ImproveDialogProps): ReactNode {
  const id = useId();
  return (
    <Dialog open={props.open} onDismiss={props.onClose} className={css["dialog"] ?? ""} aria-labelledby={id}>
      <Choice {...props} id={id} />
    </Dialog>
  );
}

function Choice({ id, document, present, offers, onClose, onDecided }: ImproveDialogProps & { id: string }): ReactNode {
  const { improve: words } = useAppText().editing;
  const may = (offer: Offer): Fit => fitOf(offer, present);
  const [left, leave] = useState<ReadonlySet<string>>(() => new Set(offers.filter(isWorse).map(({ runId }) => runId)));
  const any = offers.some((offer) => may(offer) === "fits");
  const chosen = offers.filter((offer) => may(offer) === "fits" && !left.has(offer.runId));
  const { take, problem } = useTaking(document, offers, onDecided);
  const toggle = (runId: string): void => {
    const next = new Set(left);
    if (!next.delete(runId)) next.add(runId);
    leave(next);
  };
  return (
    <>
      <h2 id={id} className={css["title"]} tabIndex={-1} data-focus="">
        {any ? words.choose : words.nothing}
      </h2>
      <section
        className={css["offers"]}
        aria-labelledby={id}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and may hold nothing else that takes the focus.
        tabIndex={0}
      >
        {offers.map((offer) => (
          <OfferRow
            key={offer.runId}
            offer={offer}
            fit={may(offer)}
            chosen={chosen.includes(offer)}
            onToggle={() => toggle(offer.runId)}
          />
        ))}
      </section>
      {problem ? <ProblemPanel problem={problem} /> : null}
      <div className={css["ends"]}>
        <Button look="quiet" onClick={onClose}>
          {words.later}
        </Button>
        <Button disabled={document.changing} onClick={() => onDecided(offers.map(({ runId }) => runId))}>
          {words.leave}
        </Button>
        {any ? (
          <Button look="primary" disabled={document.changing || !chosen.length} onClick={() => void take(chosen)}>
            {words.take(chosen.length)}
          </Button>
        ) : null}
      </div>
    </>
  );
}

interface Taking {
  take(chosen: readonly Offer[]): Promise<void>;
  readonly problem: Problem | undefined;
}

function useTaking(document: Document, offers: readonly Offer[], onDecided: ImproveDialogProps["onDecided"]): Taking {
  const { editing: words } = useAppText();
  const toast = useToast();
  const [problem, setProblem] = useState<Problem>();
  const take = async (chosen: readonly Offer[]): Promise<void> => {
    setProblem(undefined);
    const taken: string[] = [];
    for (const { runId } of chosen) {
      const change = await document.apply(runId);
      if (change.problem) {
        // Those before it are in use; this one and the rest can be tried again.
        onDecided(taken);
        return change.outrun ? undefined : setProblem(change.problem);
      }
      taken.push(runId);
    }
    onDecided(offers.map(({ runId }) => runId));
    toast({ words: words.improved(taken.length) });
  };
  return { take, problem };
}

interface OfferRowProps {
  offer: Offer;
  fit: Fit;
  chosen: boolean;
  onToggle: () => void;
}

function OfferRow({ offer, fit, chosen, onToggle }: OfferRowProps): ReactNode {
  const text = useText();
  const { improve: words } = useAppText().editing;
  const name = nameOf(text, offer.section);
  if (offer.view?.status !== "complete") {
    const unnamed = { type: "about:blank", title: words.failed, detail: "" };
    return (
      <section className={css["offer"]}>
        <h3>{name}</h3>
        <ProblemPanel problem={offer.problem ?? unnamed} />
      </section>
    );
  }
  const { before, after, scoreBefore, scoreAfter } = refinedIn(offer.view.result);
  return (
    <section className={css["offer"]}>
      <h3>{name}</h3>
      {fit === "fits" ? (
        <label className={css["choice"]}>
          <input type="checkbox" checked={chosen} onChange={onToggle} />
          {words.use(name)}
        </label>
      ) : null}
      {fit === "stale" ? <p className={css["stale"]}>{words.stale}</p> : null}
      <BeforeAfter
        name={offer.section}
        before={before}
        after={after}
        scoreBefore={scoreBefore}
        scoreAfter={scoreAfter}
      />
    </section>
  );
}

/** `stale`: the section is another one by now. `same`: nothing was changed by it. `none`: there is no new version. */
type Fit = "fits" | "stale" | "same" | "none";

function fitOf({ view, section }: Offer, present: DocumentBody): Fit {
  if (view?.status !== "complete") return "none";
  const { before, after } = refinedIn(view.result);
  if (sameJson(before, after)) return "same";
  return sameJson(before, present.framework[section]) ? "fits" : "stale";
}

/** What scores lower than before is not chosen unless somebody chooses it. */
function isWorse({ view }: Offer): boolean {
  const { scoreBefore, scoreAfter } = refinedIn(view?.result);
  return scoreBefore !== undefined && scoreAfter !== undefined && scoreAfter.overall < scoreBefore.overall;
}

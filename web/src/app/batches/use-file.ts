/** The file that somebody chose or dropped, read into this page. */

import { useCallback, useRef, useState } from "react";
import { useAppText } from "../text/languages.tsx";
import { MOST_BYTES } from "./lines.ts";
import type { Chosen } from "./start.tsx";

export interface ChosenFile {
  readonly chosen: Chosen | undefined;
  readonly reading: boolean;
  /** Why it could not be read. */
  readonly fault: string | undefined;
  choose(file: File): void;
  /** Lines that come from the page itself. */
  give(name: string, text: string): void;
  clear(): void;
}

export function useFile(): ChosenFile {
  const { batches: words } = useAppText();
  const [state, setState] = useState<Pick<ChosenFile, "chosen" | "reading" | "fault">>(NOTHING);
  const number = useRef(0);
  const choose = async (file: File): Promise<void> => {
    number.current += 1;
    const mine = number.current;
    // What would be refused is not read either.
    if (file.size > MOST_BYTES)
      return setState({ ...NOTHING, fault: words.faults.tooLarge(words.file.megabytes("16")) });
    setState({ ...NOTHING, reading: true });
    const text = await file.text().catch(() => undefined);
    // Meanwhile somebody may have chosen another one.
    if (mine !== number.current) return;
    if (text === undefined) setState({ ...NOTHING, fault: words.file.unreadable });
    else setState({ ...NOTHING, chosen: { name: file.name, bytes: file.size, text, number: mine } });
  };
  const give = (name: string, text: string): void => {
    number.current += 1;
    setState({ ...NOTHING, chosen: { name, bytes: new Blob([text]).size, text, number: number.current } });
  };
  const clear = useCallback(() => {
    number.current += 1;
    setState(NOTHING);
  }, []);
  return { ...state, choose: (file) => void choose(file), give, clear };
}

const NOTHING = { chosen: undefined, reading: false, fault: undefined };

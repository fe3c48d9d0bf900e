/** Which language the components below speak. English, unless a provider says otherwise. */

import { createContext, type ReactNode, useContext } from "react";
import { en, type Text } from "./en.ts";

const TextContext = createContext<Text>(en);

export function TextProvider({ text, children }: { text: Text; children: ReactNode }): ReactNode {
  return <TextContext value={text}>{children}</TextContext>;
}

export function useText(): Text {
  return useContext(TextContext);
}

/** The languages that there are, and the one that this browser asks for. */

import { createContext, type ReactNode, useContext } from "react";
import { TextProvider } from "../../text/context.tsx";
import { en as english, type Text } from "../../text/en.ts";
import { type AppText, en } from "./en.ts";

interface Language {
  readonly text: Text;
  readonly app: AppText;
}

const ENGLISH: Language = { text: english, app: en };
const LANGUAGES: Readonly<Record<string, Language>> = { en: ENGLISH };

const AppTextContext = createContext<AppText>(en);

export function Language({ children }: { children: ReactNode }): ReactNode {
  const { text, app } = preferred(navigator.languages);
  return (
    <TextProvider text={text}>
      <AppTextContext value={app}>{children}</AppTextContext>
    </TextProvider>
  );
}

export function useAppText(): AppText {
  return useContext(AppTextContext);
}

function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = LANGUAGES[tag] ?? LANGUAGES[tag.split("-")[0] ?? ""];
    if (language) return language;
  }
  return ENGLISH;
}

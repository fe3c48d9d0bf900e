/** Answers to begin with, or none: whatever was there can be had back. */

import type { ReactNode } from "react";
import { Button } from "../../components/button.tsx";
import type { PipelineInfo } from "../../core/wire.ts";
import { useText } from "../../text/context.tsx";
import { nameOf } from "../../text/format.ts";
import { Menu } from "../menu.tsx";
import { useAppText } from "../text/languages.tsx";
import { useToast } from "../toast.tsx";
import type { Values } from "./fields.ts";

export interface ExamplesProps {
  examples: PipelineInfo["examples"];
  values: Values;
  onChange: (values: Values) => void;
}

export function Examples({ examples, values, onChange }: ExamplesProps): ReactNode {
  const { wizard } = useAppText();
  const text = useText();
  const toast = useToast();
  const written = Object.values(values).some((value) => value.trim());
  const replace = (next: Values, words: string): void => {
    onChange(next);
    toast({ words, action: written ? { label: wizard.undo, act: () => onChange(values) } : undefined });
  };
  return (
    <>
      {written ? (
        <Button size="small" look="quiet" onClick={() => replace({}, wizard.cleared)}>
          {wizard.clear}
        </Button>
      ) : null}
      <Menu
        label={wizard.example}
        size="small"
        items={examples.map((example) => ({
          key: example.name,
          label: String(example.input["company_name"] ?? nameOf(text, example.name)),
          hint: nameOf(text, example.name),
          act: () => replace(textsOf(example.input), wizard.exampleLoaded(nameOf(text, example.name))),
        }))}
      />
    </>
  );
}

function textsOf(input: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)]));
}

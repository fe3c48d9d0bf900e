/** A place to drop a file, and a button for those who would rather choose it. */

import { type DragEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Button } from "../../components/button.tsx";
import { Icon } from "../../components/icon.tsx";
import { useText } from "../../text/context.tsx";
import type { Text } from "../../text/en.ts";
import { number } from "../../text/format.ts";
import type { AppText } from "../text/en.ts";
import { useAppText } from "../text/languages.tsx";
import css from "./start.module.css";
import type { StartProps } from "./start.tsx";

export function FileChooser({ chosen, onChoose, onClear, reading, fault }: StartProps): ReactNode {
  const { batches } = useAppText();
  const words = batches.file;
  const text = useText();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const { over, ...dropping } = useDropping(onChoose);
  return (
    <div
      className={css["drop"]}
      data-over={over || undefined}
      data-chosen={chosen !== undefined || undefined}
      {...dropping}
    >
      <input
        ref={input}
        id={id}
        className={css["input"]}
        type="file"
        accept=".jsonl,.ndjson,.json,.txt,application/x-ndjson"
        aria-label={words.input}
        tabIndex={-1}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) onChoose(file);
          // The same file, changed meanwhile, may be chosen again.
          event.target.value = "";
        }}
      />
      {chosen ? (
        <p className={css["file"]}>
          <strong>{chosen.name}</strong> <span>{sizeOf(text, words, chosen.bytes)}</span>
        </p>
      ) : (
        <p>
          <Icon name="download" size={20} />
          <span>{reading ? words.reading : <strong>{words.drop}</strong>}</span>
          <span>{words.or}</span>
        </p>
      )}
      <div className={css["buttons"]}>
        <Button size={chosen ? "small" : "normal"} onClick={() => input.current?.click()}>
          {chosen ? words.another : words.choose}
        </Button>
        {chosen ? (
          <Button size="small" look="quiet" icon="cross" bare onClick={onClear}>
            {words.remove}
          </Button>
        ) : null}
      </div>
      {/* There before its words are, for those who hear the page. */}
      <p className={css["fault"]} role="status">
        {fault}
      </p>
    </div>
  );
}

function useDropping(onDrop: (file: File) => void) {
  const [depth, setDepth] = useState(0);
  useEffect(() => {
    // A file that misses the place would take the place of the page.
    const stop = (event: Event): void => event.preventDefault();
    window.addEventListener("dragover", stop);
    window.addEventListener("drop", stop);
    return () => {
      window.removeEventListener("dragover", stop);
      window.removeEventListener("drop", stop);
    };
  }, []);
  return {
    over: depth > 0,
    onDragEnter: () => setDepth(depth + 1),
    onDragLeave: () => setDepth(Math.max(0, depth - 1)),
    onDrop: (event: DragEvent) => {
      setDepth(0);
      const [file] = event.dataTransfer.files;
      if (file) onDrop(file);
    },
  };
}

function sizeOf(text: Text, words: AppText["batches"]["file"], bytes: number): string {
  const kilobytes = bytes / 1024;
  if (kilobytes < 1000) return words.kilobytes(number(text, kilobytes, kilobytes < 10 ? 1 : 0));
  return words.megabytes(number(text, kilobytes / 1024, 1));
}

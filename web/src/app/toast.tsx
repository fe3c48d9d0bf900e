/** A word about what was just done, with a way to take it back; it goes by itself, and with the page that it is about. */

import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";
import { Button } from "../components/button.tsx";
import { usePlace } from "./router.tsx";
import css from "./toast.module.css";

export interface Toast {
  readonly words: string;
  readonly action?: { readonly label: string; act(): void } | undefined;
}

const ToastContext = createContext<(toast: Toast) => void>(() => undefined);
const SHOWN_MS = 8000;

export function ToastHost({ children }: { children: ReactNode }): ReactNode {
  const { path } = usePlace();
  const [toast, setToast] = useState<Toast & { readonly on: string }>();
  const show = useCallback((next: Toast) => setToast({ ...next, on: location.pathname }), []);
  useEffect(() => {
    if (!toast) return;
    const timer = setTimeout(() => setToast(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  return (
    <ToastContext value={show}>
      {children}
      <div className={css["place"]} role="status" aria-live="polite">
        {toast?.on === path ? <Shown toast={toast} onDone={() => setToast(undefined)} /> : null}
      </div>
    </ToastContext>
  );
}

export function useToast(): (toast: Toast) => void {
  return useContext(ToastContext);
}

function Shown({ toast, onDone }: { toast: Toast; onDone: () => void }): ReactNode {
  const { action } = toast;
  const act = (): void => {
    action?.act();
    onDone();
  };
  return (
    <div className={css["toast"]}>
      <p>{toast.words}</p>
      {action ? (
        <Button size="small" look="quiet" onClick={act}>
          {action.label}
        </Button>
      ) : null}
    </div>
  );
}

/** What each field of a question's form knows of the form: what is wrong where, and how to say that it was written in. */

import { createContext, useContext } from "react";

export interface FormState {
  /** What is wrong at a place, as far as it is to be said by now. */
  fault(at: string): string | undefined;
  left(at: string): void;
  /** Written in: what the server had said of it holds no more. */
  changed(at: string): void;
}

/** Whether a place is inside one of many rows, where there is little room. */
export const RowContext = createContext(false);

const NONE: FormState = { fault: () => undefined, left: () => undefined, changed: () => undefined };

export const FormContext = createContext(NONE);

export function useForm(): FormState {
  return useContext(FormContext);
}

/** A run's document as whoever looks at it has it. */

import type { Problem } from "./contract.ts";
import type { Refinement } from "./document-api.ts";
import type { DocumentBody, VersionBody } from "./wire.ts";

export interface DocumentState {
  /** As it is now; undefined until it is loaded. The same object for as long as it is the same version. */
  readonly document: DocumentBody | undefined;
  /** Its history, newest first, as far as it was asked for. */
  readonly versions: readonly VersionBody[];
  readonly moreVersions: boolean;
  /** The refinements that are under way, whoever asked for them. */
  readonly refining: readonly Refinement[];
  /** While a change of ours is on its way. */
  readonly changing: boolean;
  /** Why it could not be brought up to date. */
  readonly problem: Problem | undefined;
}

export const UNKNOWN_DOCUMENT: DocumentState = {
  document: undefined,
  versions: [],
  moreVersions: false,
  refining: [],
  changing: false,
  problem: undefined,
};

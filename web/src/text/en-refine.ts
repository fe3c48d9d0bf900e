/** The words around a section that is written anew, in English. */

export const refine = {
  title: (name: string) => `Refine ${name}`,
  open: "Refine",
  actions: {
    more_specific: "More specific",
    more_concise: "More concise",
    different_angle: "Different angle",
    add_detail: "Add detail",
    regenerate: "Write anew",
  },
  own: "Or say it in your own words",
  ownHint: "For example: name the first two regions, and the year in which each opens.",
  send: "Refine",
  running: (name: string) => `Writing ${name} anew…`,
  before: "Before",
  after: "After",
  added: "Added",
  removed: "Removed",
  accept: "Use the new version",
  discard: "Keep the old one",
  score: (before: string, after: string) => `Score ${before} before, ${after} after`,
  same: "The new version is the same as the old one.",
  stop: "Stop",
  ready: (name: string) => `${name}: the new version is ready`,
  stale: "This section has changed since. The new version no longer fits it.",
};

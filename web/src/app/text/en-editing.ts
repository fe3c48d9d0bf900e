/** The words of working on a framework: editing, refining, versions. */

const several = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`;
const listed = (names: readonly string[]): string =>
  names.length > 2 ? several(names.length, "section") : names.join(" and ");

export const editing = {
  bar: "Version and changes",
  version: (number: number) => `Version ${number}`,
  now: "Now",
  /** What was done, as a thing and as it is told in the history. */
  act: {
    edit: (names: readonly string[]) => `edit of ${listed(names)}`,
    refine: (names: readonly string[]) => `refinement of ${listed(names)}`,
    other: (names: readonly string[]) => `change of ${listed(names)}`,
  },
  told: {
    run: "Written by the run",
    edit: (names: readonly string[]) => `Edited ${listed(names)}`,
    refine: (names: readonly string[]) => `Refined ${listed(names)}`,
    undo: (what: string) => `Undone: ${what}`,
    redo: (what: string) => `Redone: ${what}`,
  },
  by: (what: string, who: string) => `${what} by ${who}`,
  saved: (name: string) => `Saved: ${name}`,
  savedAlso: (name: string, others: readonly string[]) =>
    `Saved: ${name}. Somebody else changed ${listed(others)} meanwhile.`,
  refined: (name: string) => `The new version of ${name} is in use`,
  improved: (count: number) => `${several(count, "new section")} ${count === 1 ? "is" : "are"} in use`,
  restored: (version: number, now: number) => `Version ${version} is back, as version ${now}`,
  outrun: "Somebody else changed the framework meanwhile, so nothing was done. This is how it is now.",
  nothingToUndo: "There is nothing to undo.",
  nothingToRedo: "There is nothing to redo.",
  failed: (title: string) => `That did not work: ${title}`,
  loadFailed: "The framework cannot be changed now",
  offline: "You are offline. What you write is kept here, and can be saved when the connection is back.",
  unscored: "Not scored since your edit",
  unscoredBy: (who: string) => `Not scored since the edit by ${who}`,
  basis: (version: number) => `Written from version 1 of the framework. It is at version ${version} now.`,
  unscoredList: (names: readonly string[]) => `Not scored since the last edit: ${names.join(", ")}.`,

  draft: {
    found: "This is what you were writing. It is not saved yet.",
    conflict: (who: string, name: string) => `${who} changed ${name} while you were writing`,
    somebody: "Somebody else",
    conflictText: "Your text is below, as you left it. Look at what is new, then decide.",
    began: "When you began",
    useTheirs: "Use the new text, drop mine",
    saveMine: "Save mine instead",
  },

  improve: {
    all: (count: number) => `Improve all weak sections (${count})`,
    title: (done: number, of: number) => `Improving weak sections: ${done} of ${of} done`,
    ready: "The new versions are ready",
    note: "Each is written anew from what its score card says. Nothing changes before you have seen it.",
    look: "Compare and choose",
    leave: "Leave all as they are",
    stop: "Stop",
    stopAll: "Stop all",
    failed: "Failed",
    stopped: "Stopped",
    done: "Ready",
    nothing: "There is no new version to use",
    choose: "Which new versions do you want?",
    use: (name: string) => `Use the new version of ${name}`,
    take: (count: number) => `Use ${several(count, "new version")}`,
    later: "Decide later",
    stale: "This section has changed since. The new version no longer fits it.",
    instruction: (issues: readonly string[], suggestions: readonly string[]) =>
      [
        "Make this section better where a review found it weak, and keep what is good in it.",
        ...(issues.length ? [`Found: ${issues.join(" ")}`] : []),
        ...(suggestions.length ? [`Suggested: ${suggestions.join(" ")}`] : []),
      ].join("\n"),
  },

  history: {
    open: "Versions",
    title: "Versions of the framework",
    list: "Versions, newest first",
    more: "Older versions",
    back: "All versions",
    changes: "Compared with now",
    whole: "The whole version",
    view: "What to show",
    same: "This version says the same as the present one.",
    sameSections: (names: readonly string[]) => `The same as now: ${names.join(", ")}.`,
    present: "This is the present version.",
    restore: "Go back to this version",
    restoreNote: "It becomes a new version. Nothing that came after it is lost.",
  },

  author: {
    title: "What is your name?",
    text: "It stands beside your changes in the history, for everyone who sees this run. You may leave it out, and change it later under “Versions”.",
    label: "Name",
    without: "Leave it out",
    use: "Use this name",
    shown: (name: string) => `Your changes are shown as “${name}”.`,
    unnamed: "Your changes are shown without a name.",
    change: "Change",
  },
};

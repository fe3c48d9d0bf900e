/** The words of batches. */

const count = (value: number, one: string, many = `${one}s`): string =>
  `${value.toLocaleString("en")} ${value === 1 ? one : many}`;

const shown = (value: number): string => value.toLocaleString("en");

export const batches = {
  title: "Batches",
  lead: "Many runs at once, from a file with a line for each.",
  one: "Batch",
  list: "All batches",
  name: "Name",
  status: "Status",
  progress: "Items",
  started: "Started",
  duration: "Duration",
  older: "Load older batches",
  none: "–",

  empty: {
    title: "How it works",
    steps: [
      "Write a file with one JSON object on every line: the answers for one company.",
      "Drop it above. Every line is checked before anything is sent.",
      "Watch the runs go by, and take all results away in one file.",
    ],
    sample: "Two lines of such a file",
    use: "Try it with a sample",
    save: "Save the sample",
  },

  file: {
    label: "Start a batch",
    drop: "Drop a JSONL file here",
    or: "or",
    choose: "Choose a file",
    another: "Choose another file",
    remove: "Remove this file",
    input: "JSONL file",
    reading: "Reading the file…",
    sampleName: "sample.jsonl",
    unreadable: "The browser cannot read this file. It may have been moved or changed: choose it again.",
    kilobytes: (value: string) => `${value} KB`,
    megabytes: (value: string) => `${value} MB`,
    good: (items: number) => `${count(items, "item")}, nothing wrong with any of them`,
    wrong: (lines: number) => `${count(lines, "line")} ${lines === 1 ? "needs" : "need"} a change`,
    wrongHint: "Nothing was started. Change the file and choose it again.",
  },

  preview: {
    label: "Lines of the file",
    line: "Line",
    key: "Key",
    about: "About",
    byContent: "by its content",
    none: "–",
    more: (lines: number) => `${count(lines, "more line")} like these`,
    between: (lines: number) => `… ${count(lines, "line")} between …`,
    moreWrong: (lines: number) => `${count(lines, "more line")} with something wrong`,
  },

  faults: {
    nothing: "There is no line with anything in it.",
    tooMany: (lines: number, most: number) => `${shown(lines)} lines; there may be ${shown(most)}.`,
    tooLarge: (most: string) => `The file is larger than ${most}.`,
    lineTooLarge: (most: string) => `Longer than ${most}.`,
    document: "This looks like one JSON document. Write each item on a line of its own, without brackets around them.",
    noJson: "This is no JSON.",
    noObject: "A line is one JSON object, in braces.",
    key: "A key is text of 1 to 200 characters that can be printed.",
    sameKey: (line: number) => `Line ${shown(line)} has the same key.`,
    sameLine: (line: number) => `Line ${shown(line)} is the same.`,
    field: (name: string, fault: string) => `${name}: ${fault}`,
    missing: "It is missing.",
    noText: "It should be text, in quotes.",
    empty: "It is empty.",
    tooLong: (over: number) => `${count(over, "character")} too many.`,
    unknown: "Nobody asks for this.",
  },

  form: {
    name: "Name",
    nameHelp: "Under this name, what is complete is not done again.",
    noName: "Please enter a name.",
    longName: "At most 100 characters.",
    pipeline: "Pipeline",
    pipelineHelp: "What is made of each line.",
    concurrency: "At once",
    concurrencyHelp: "How many go on side by side, 1 to 100.",
    wrongConcurrency: "Please enter a whole number from 1 to 100.",
    budget: "Budget per item, US dollars",
    budgetHelp: "An item ends when it has cost so much. Empty: as the server has it.",
    wrongBudget: "Please enter an amount of more than 0, or nothing.",
    start: (items: number) => (items ? `Start ${count(items, "run")}` : "Start"),
    starting: "Starting…",
  },

  of: (done: number, total: number) => `${shown(done)} of ${shown(total)}`,
  someFailed: (items: number) => `${shown(items)} failed`,
  bar: {
    label: "Progress of the batch",
    said: (done: number, total: number, failed: number) =>
      failed
        ? `${shown(done)} of ${shown(total)} done, ${shown(failed)} failed`
        : `${shown(done)} of ${shown(total)} done`,
    preparing: "The items are being looked at…",
    ended: (time: string) => `Ended after ${time}`,
  },
  counts: {
    label: "How the items stand",
    complete: "Complete",
    running: "Running",
    waiting: "Waiting",
    failed: "Failed",
    cancelled: "Cancelled",
    skipped: (items: number) => `${shown(items)} skipped`,
  },

  page: {
    pipeline: "Pipeline",
    started: "Started",
    elapsed: "Elapsed",
    duration: "Duration",
    cost: "Cost",
    concurrency: "At once",
    budget: "Budget per item",
    pause: "Pause",
    goOn: "Resume",
    cancel: "Cancel batch",
    cancelling: "Cancelling…",
    confirm: "Cancel this batch?",
    confirmDetail: (running: number) =>
      running
        ? `${count(running, "run")} under way ${running === 1 ? "ends" : "end"} with it. What is complete is kept, and a retry does the rest.`
        : "What is complete is kept, and a retry does the rest.",
    keep: "Keep it running",
    download: "Download results",
    downloadCsv: "Download as CSV",
    goesOn: "You may leave this page: the batch goes on.",
    paused: "No further item begins. Those that are at work end by themselves.",
    goneTitle: "There is no such batch",
    goneText: "It may have been removed, or it belongs to somebody else.",
    forked: "Does again what was left of an earlier batch:",
    forks: "Done again in:",
    endedWell: (items: number) => (items === 1 ? "The item is complete." : `All ${shown(items)} items are complete.`),
    endedSome: (failed: number, total: number) => `${shown(failed)} of ${count(total, "item")} failed.`,
    cancelledWith: (items: number) => `The batch was cancelled with ${count(items, "item")} complete.`,
    about: "Part of a batch:",
  },

  failures: {
    title: (failed: number) => `${count(failed, "item")} failed`,
    left: (items: number) => `${count(items, "item")} left to do`,
    allLeft: "Its items are still to be done",
    retry: "Retry failures",
    retryLeft: "Do what is left",
    retrying: "Starting…",
    note: "A retry is a new batch of the same items. What is complete is skipped, and a failed item goes on from where it failed.",
    unknown: "No reason was given",
    items: (items: number) => count(items, "item"),
  },

  now: {
    title: "Under way",
  },

  items: {
    title: "Items",
    label: "Items that have ended",
    show: "Show",
    choices: {
      all: "All that have ended",
      failed: "Failed",
      cancelled: "Cancelled",
      complete: "Complete",
      skipped: "Skipped",
    },
    search: "Find a key",
    item: "Item",
    status: "Status",
    what: "Reason",
    skipped: "Skipped",
    skippedHint: "An earlier batch of this name had done it.",
    noRun: "No run could be started.",
    nothingYet: "No item has ended yet.",
    nothing: "No item is like that.",
    reading: "The items are being loaded…",
    of: (from: number, to: number, total: number) => `${shown(from)} to ${shown(to)} of ${shown(total)}`,
    previous: "Previous page",
    next: "Next page",
  },

  said: {
    progress: (percent: number) => `${percent}% done`,
    failed: (items: number) => `${count(items, "item")} failed`,
    status: (status: string) => `The batch: ${status}`,
  },
};

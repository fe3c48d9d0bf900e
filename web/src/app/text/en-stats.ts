/** The words of the figures. */

const count = (value: number, one: string, many = `${one}s`): string =>
  `${value.toLocaleString("en")} ${value === 1 ? one : many}`;

export const stats = {
  title: "Figures",
  lead: (days: number) =>
    days === 1 ? "What was started today, in UTC." : `What was started in ${days} days, in UTC.`,
  asOf: (time: string) => `As of ${time}. They are asked for again every half minute.`,
  period: "Period",
  periods: { 1: "Today", 7: "7 days", 30: "30 days", 90: "90 days" } as Readonly<Record<number, string>>,
  days: (days: number) => count(days, "day"),
  empty: "Nothing was started in these days.",
  first: "Start a run",
  longer: "Look at 90 days",
  none: "–",

  alerts: {
    title: "Alerts",
    nothing: "Nothing is slower or fails more than it should.",
    stepSlow: (step: string, value: string, limit: string) => `${step} took ${value}; more than ${limit} is slow`,
    stepFailures: (step: string, value: string, limit: string) =>
      `${step} failed in ${value} of the runs; the limit is ${limit}`,
    streamFailures: (value: string, limit: string) => `${value} of the streams failed; the limit is ${limit}`,
    since: (time: string, lasted: string) => `Since ${time}, for ${lasted}`,
  },

  facts: {
    label: "In short",
    runs: "Runs",
    failed: "Failed",
    failedShare: (share: string) => `${share} of those that ended`,
    cost: "Cost",
    costUnknown: "unknown",
    costPerRun: (cost: string) => `${cost} a run`,
    tokens: "Tokens",
    tokensSplit: (read: string, written: string) => `${read} read, ${written} written`,
    viewers: "Watching now",
    viewersNote: "at the server that answered",
    abandoned: "Left early",
    abandonedNote: "before the run had ended",
    owed: "Owed to Prefect",
    owedNote: "ended, and not in its list yet",
  },

  usage: {
    title: "Usage by day",
    cost: "Cost",
    costUnknown: "The price of these models is not known here.",
    tokens: "Tokens",
    read: "read",
    written: "written",
    most: (value: string) => `most: ${value}`,
    costSaid: (total: string, most: string, day: string) => `Cost by day: ${total} in all, most on ${day}: ${most}.`,
    tokensSaid: (total: string, most: string, day: string) =>
      `Tokens by day: ${total} in all, most on ${day}: ${most}.`,
    nothing: "No run has ended yet.",
    table: "As a table",
    day: "Day",
    runs: "Runs",
  },

  runs: {
    byStatus: "Runs by status",
    byPipeline: "Runs by pipeline",
    share: (runs: number, share: string) => `${count(runs, "run")}, ${share}`,
  },

  steps: {
    title: "Steps",
    note: "Of the runs that completed a step, half took no longer than the first time, and nine of ten no longer than the second.",
    step: "Step",
    runs: "Runs",
    p50: "p50",
    p90: "p90",
    failed: "Failed",
  },

  failures: {
    title: "What failed",
    what: "Problem",
    step: "Step",
    runs: "Runs",
  },
};

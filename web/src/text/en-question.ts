/** The words around what a run asks a person, in English. */

const plural = (count: number, one: string): string => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

export const question = {
  title: "Your answer is needed",
  numbered: (number: number, of: number) => `Your answer is needed: question ${number} of ${of}`,
  open: "Answer",
  answer: "Your answer",
  send: "Send the answer",
  sent: "Sent",
  within: (time: string) => `Answer within ${time}.`,
  late: "The time is up.",
  otherwise: (answer: string | undefined) =>
    answer === undefined
      ? "After that the run goes on without you."
      : `After that the run goes on with the answer “${answer}”.`,
  fails: "After that the run ends in error.",
  paused: "The run is paused: it goes on with your answer once it is resumed.",
  recorded: "This is a recording. There is nothing to be answered.",
  answered: "The question is answered already",
  answeredDetail: "Somebody else was faster, or the time was up. What you wrote was not taken.",
  yes: "Yes",
  no: "No",
  none: "No answer",
  pick: "Choose…",
  optional: "(optional)",
  empty: "Please answer this.",
  choose: "Please choose.",
  tooShort: (by: number) => `${plural(by, "character")} too few.`,
  tooLong: (by: number) => `${plural(by, "character")} too many.`,
  form: "It does not have the form that is asked for.",
  noNumber: "This is not a number.",
  whole: "This is not a whole number.",
  least: (bound: number) => `It may be ${bound.toLocaleString("en")} or more.`,
  most: (bound: number) => `It may be ${bound.toLocaleString("en")} or less.`,
  above: (bound: number) => `It may be more than ${bound.toLocaleString("en")}.`,
  below: (bound: number) => `It may be less than ${bound.toLocaleString("en")}.`,
  tooFew: (least: number) => `At least ${plural(least, "item")}, please.`,
  tooMany: (most: number) => `At most ${plural(most, "item")}, please.`,
  noJson: (why: string) => `This is not JSON: ${why}`,
};

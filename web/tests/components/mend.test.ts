import { expect, test } from "vitest";
import { mend } from "../../src/components/markdown/mend.ts";

test.each([
  ["a word", "a word"],
  ["a **bold", "a **bold**"],
  ["a **bold** and", "a **bold** and"],
  ["a **bold** and **more", "a **bold** and **more**"],
  ["an *emphasis", "an *emphasis*"],
  ["an *emphasis* and", "an *emphasis* and"],
  ["**bold with *emphasis", "**bold with *emphasis***"],
  ["2 * 3 is six", "2 * 3 is six"],
  ["some `code", "some `code`"],
  ["some `code **with` stars", "some `code **with` stars"],
  ["gone ~~for", "gone ~~for~~"],
  ["see [the page", "see the page"],
  ["see [the page](https://exa", "see the page"],
  ["see [the page](https://example.org)", "see [the page](https://example.org)"],
  ["a picture ![of a mill", "a picture of a mill"],
  ["first **done**\n\nthen **op", "first **done**\n\nthen **op**"],
  ["```\ncode **with", "```\ncode **with"],
  ["a mark at the end *", "a mark at the end "],
  ["snake_case_names", "snake_case_names"],
])("%j is shown as %j", (text, shown) => {
  expect(mend(text)).toBe(shown);
});

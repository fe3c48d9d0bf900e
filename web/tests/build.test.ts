import { build, type Rolldown } from "vite";
import { describe, expect, test } from "vitest";

type Output = Rolldown.RolldownOutput["output"];

async function built(config: Parameters<typeof build>[0]): Promise<Output> {
  const done = await build({ logLevel: "silent", ...config, build: { write: false, ...config?.build } });
  return (Array.isArray(done) ? done : [done]).flatMap((each) => ("output" in each ? each.output : [])) as Output;
}

describe("the built page", async () => {
  const output = await built({});
  const page = output.find((file) => file.fileName === "index.html");
  const html = page?.type === "asset" ? String(page.source) : "";

  test("has no script and no style of its own, so that a strict policy can forbid them", () => {
    expect(html).toContain("<script ");
    for (const [, attributes, inside] of html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
      expect(attributes).toMatch(/ src="\/assets\//);
      expect(inside?.trim()).toBe("");
    }
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|data:/);
  });

  test("names its files by what is in them, so that they may be kept for ever", () => {
    const names = output.map((file) => file.fileName).filter((name) => name !== "index.html");
    for (const name of names) expect(name).toMatch(/^assets\/[\w.-]+-[\w-]{8}\.\w+$/);
  });

  test("evaluates no text as code", () => {
    const code = output.map((file) => (file.type === "chunk" ? file.code : "")).join("");
    expect(code).not.toMatch(/\beval\(|new Function\(/);
  });
});

test("the core is under ten kilobytes, without React and with all that it needs", async () => {
  const input = "src/core/index.ts";
  const output = await built({
    configFile: false,
    build: { rolldownOptions: { input, preserveEntrySignatures: "strict" }, modulePreload: { polyfill: false } },
  });
  const code = output.map((file) => (file.type === "chunk" ? file.code : "")).join("");
  expect(code).toContain("createRunStore");
  expect(code).not.toContain("react");
  expect(await gzipped(code)).toBeLessThan(10 * 1024);
});

async function gzipped(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

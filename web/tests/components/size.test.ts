import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

/** What a page that embeds the modal loads for it, all that it needs but React, which the page has. */
test("the modal and its core are under sixty kilobytes", async () => {
  const input = { modal: "tests/components/embedded.tsx" };
  const done = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input, external: [/^react($|\/)/, /^react-dom($|\/)/], preserveEntrySignatures: "strict" },
    },
  });
  const { output } = done as Rolldown.RolldownOutput;
  const sizes = await Promise.all(
    output.map(async (file) => {
      const content = file.type === "chunk" ? file.code : String(file.source);
      return [file.fileName, await gzipped(content)] as const;
    }),
  );
  const code = output.map((file) => (file.type === "chunk" ? file.code : "")).join("");
  expect(code).toContain("showModal");
  expect(code).toContain("Last-Event-ID");
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThan(60_000);
});

async function gzipped(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

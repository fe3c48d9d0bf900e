import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";

test("the modal and its core are under sixty kilobytes", async () => {
  const configFile = "tests/components/embedded.config.ts";
  const done = await build({ configFile, logLevel: "silent", build: { write: false } });
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

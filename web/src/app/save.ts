/** Something that was made here, as a file of whoever looks at it. */

export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // A browser that has not begun to read it by then does not want it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export function textFile(type: string, content: string): Blob {
  return new Blob([content], { type: `${type};charset=utf-8` });
}

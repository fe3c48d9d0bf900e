/** Something that was made here, as a file of whoever looks at it. */

const LONGEST_NAME = 80;

export function save(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // A browser that has not begun to read it by then does not want it.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** A name that no system reads as anything but a name: letters and digits of `title`, and not too many of them. */
export function fileName(title: string, ending: string): string {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const name = [...words.join("-")].slice(0, LONGEST_NAME).join("");
  return `${name || "run"}.${ending}`;
}

export function textFile(type: string, content: string): Blob {
  return new Blob([content], { type: `${type};charset=utf-8` });
}

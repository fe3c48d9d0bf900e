/**
 * Runs in every page that is measured, before its own code. Times are milliseconds of `performance.now()`.
 *
 * A moment counts as painted when the frame that has it is done: what is there in a `requestAnimationFrame` is drawn
 * with that frame, and a message sent from it arrives behind the drawing.
 */
(() => {
  const probe = {
    marks: {},
    clickedAt: undefined,
    pressedAt: undefined,
    heardAt: undefined,
    longTasks: [],
    frames: [],
    recording: false,
    expected: JSON.parse(localStorage.getItem("bench.expected") ?? "null"),
  };
  window.__probe = probe;

  const afterPaint = (act) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => act(performance.now());
    port2.postMessage(0);
  };
  const mark = (name) => {
    if (name in probe.marks) return;
    probe.marks[name] = undefined;
    afterPaint((now) => {
      probe.marks[name] = now;
    });
  };
  const modal = () => document.querySelector("dialog[open]");
  const paragraphs = () =>
    [...document.querySelectorAll("dialog[open] section[tabindex] :is(p, li, h3, h4)")]
      .map((each) => each.textContent.trim())
      .filter(Boolean);
  probe.paragraphs = paragraphs;

  /** What was seen before is there again, or more: each lane's last paragraph goes on. */
  const sameAgain = (expected) => {
    const now = paragraphs();
    return expected.length > 0 && expected.every((each) => now.some((text) => text.startsWith(each)));
  };

  const look = () => {
    const dialog = modal();
    if (probe.clickedAt !== undefined && dialog) {
      mark("drawn");
      if (Number(getComputedStyle(dialog).opacity) >= 0.5) mark("visible");
    }
    if (probe.expected && !("same" in probe.marks) && dialog && sameAgain(probe.expected)) mark("same");
    if (probe.recording) probe.frames.push(performance.now());
    const waiting = probe.expected && !("same" in probe.marks);
    const opening = probe.clickedAt !== undefined && !("visible" in probe.marks);
    if (waiting || opening || probe.recording) requestAnimationFrame(look);
  };
  probe.look = () => requestAnimationFrame(look);
  if (probe.expected) probe.look();

  addEventListener(
    "click",
    (event) => {
      if (probe.clickedAt !== undefined || !probe.armed) return;
      probe.clickedAt = event.timeStamp;
      probe.look();
    },
    { capture: true },
  );

  /** The first change inside the modal after the run's first event has come over the network. */
  const heard = () => {
    if (probe.heardAt !== undefined || probe.clickedAt === undefined) return;
    probe.heardAt = performance.now();
    new MutationObserver((_, observer) => {
      observer.disconnect();
      // Whoever changed it outside of a frame is drawn with the next one.
      requestAnimationFrame(() => mark("event"));
    }).observe(modal() ?? document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  };
  const read = ReadableStreamDefaultReader.prototype.read;
  const decoder = new TextDecoder();
  ReadableStreamDefaultReader.prototype.read = async function (...args) {
    const got = await read.apply(this, args);
    if (probe.heardAt === undefined && got.value && /(^|\n)id: ?\d/.test(decoder.decode(got.value))) heard();
    return got;
  };

  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) probe.longTasks.push([startTime, duration]);
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const { name, startTime, duration } of list.getEntries())
      if (name === "click" && startTime === probe.clickedAt) probe.marks.presented = startTime + duration;
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
})();

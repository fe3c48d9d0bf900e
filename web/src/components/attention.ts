/** Calling back somebody who looks at something else: a sound, a notification. Both only where they were asked for. */

/** Two soft notes, made here: nothing is fetched for it. */
export function chime(good: boolean): void {
  if (typeof AudioContext === "undefined") return;
  const context = new AudioContext();
  const notes = good ? [659, 880] : [440, 330];
  for (const [place, frequency] of notes.entries()) note(context, frequency, context.currentTime + place * 0.16);
  setTimeout(() => void context.close().catch(() => undefined), 1500);
}

function note(context: AudioContext, frequency: number, at: number): void {
  const tone = new OscillatorNode(context, { type: "sine", frequency });
  const volume = new GainNode(context, { gain: 0 });
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.65);
}

/** Asks for leave, which a browser gives only to somebody who has just pressed something. */
export async function mayNotify(): Promise<boolean> {
  if (typeof Notification === "undefined") return false;
  if (Notification.permission === "granted") return true;
  return (await Notification.requestPermission()) === "granted";
}

export function notify(title: string): void {
  if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
  try {
    const notification = new Notification(title, { tag: "stepglass" });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
    });
  } catch {
    // Some browsers on phones know the word and allow it to service workers only.
  }
}

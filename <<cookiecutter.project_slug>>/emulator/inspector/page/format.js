/** How values are written. Pure. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** `14:03:07.123`, from seconds since 1970. */
export function clockTime(seconds, { fraction = true } = {}) {
  const whole = TIME.format(new Date(Math.floor(seconds) * 1000));
  return fraction ? `${whole}.${String(Math.floor((seconds % 1) * 1000)).padStart(3, "0")}` : whole;
}

/** `0.4 ms`, `12 ms`, `1.3 s`, `4 min`, `2 h 5 min`. */
export function duration(seconds) {
  if (seconds < 0.01) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${Math.floor(seconds / 3600)} h${minutes ? ` ${minutes} min` : ""}`;
}

/** `0.4 ms`, `12 ms`, `1,329 ms`: always the same unit, to be compared down a column. */
export function milliseconds(seconds) {
  const value = seconds * 1000;
  return `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString()} ms`;
}

export function bytes(count) {
  return count < 1024 ? `${count} B` : `${(count / 1024).toFixed(1)} KB`;
}

export function plural(count, noun) {
  return `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
}

/** JSON laid out over lines; other text as it is. */
export function laidOut(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

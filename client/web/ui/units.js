// Durations, sizes and counts as people read them: short, one unit where one will do, never "-0 s".

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/**
 * @param {number} seconds
 * @returns {string} as `40 s`, `3 min`, `2 h 5 min`, `4 days`
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE_S) return `${whole} s`;
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)} min`;
  if (whole < DAY_S) {
    const minutes = Math.floor((whole % HOUR_S) / MINUTE_S);
    return `${Math.floor(whole / HOUR_S)} h` + (minutes && whole < 10 * HOUR_S ? ` ${minutes} min` : "");
  }
  const days = Math.floor(whole / DAY_S);
  return days === 1 ? "1 day" : `${days} days`;
}

/**
 * @param {number} seconds
 * @returns {string} as `just now`, `40 s ago`
 */
export function ago(seconds) {
  return seconds < 2 ? "just now" : `${duration(seconds)} ago`;
}

/**
 * @param {number} bytes
 * @returns {string} as `812 B`, `3.4 kB`, `50 MB`
 */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  let value = bytes;
  for (const unit of ["kB", "MB", "GB"]) {
    value /= 1000;
    if (value < 999.5 || unit === "GB") return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
  }
  return "";
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 * @returns {string} as `1 key`, `12 keys`, `1,204 lines`
 */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

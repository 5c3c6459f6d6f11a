/** Times, spans and numbers in the few characters that a row has for them. */

/** `3ms`, `0.9s`, `13.4s`, `1m 22s`, `11m 08s`, `2h 05m`. */
export function formatDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 100) return `${rounded}ms`;
  if (rounded < 59_950) return `${(rounded / 1000).toFixed(1)}s`;
  return inMinutes(Math.round(rounded / 1000));
}

/** A span that grows while one looks: whole seconds. */
export function formatElapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? `${seconds}s` : inMinutes(seconds);
}

function inMinutes(seconds: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
}

/** `486`, `1.1k`, `26.8k`, `312k`, `1.2M`. */
export function formatTokens(count: number): string {
  if (count < 1000) return String(count);
  if (count < 99_950) return `${(count / 1000).toFixed(1)}k`;
  if (count < 999_500) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** Dollars; more digits where there is little. */
export function formatCost(dollars: number): string {
  if (dollars === 0) return '$0';
  return `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}

export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** The local time of day: `12:04:31`. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '--:--:--';
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `today`, `yesterday`, `Mon 9 Nov`, and the year where it is another. */
export function formatDay(iso: string, now: Date): string {
  const date = new Date(iso);
  const midnight = (of: Date, offset = 0) => new Date(of.getFullYear(), of.getMonth(), of.getDate() + offset).getTime();
  if (midnight(date) === midnight(now)) return 'today';
  if (midnight(date) === midnight(now, -1)) return 'yesterday';
  const day = `${DAYS[date.getDay()]} ${date.getDate()} ${MONTHS[date.getMonth()]}`;
  return date.getFullYear() === now.getFullYear() ? day : `${day} ${date.getFullYear()}`;
}

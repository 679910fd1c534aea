// The progress line on a terminal.

const started = performance.now();
let isShown = false;

export function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  const seconds = Math.round((performance.now() - started) / 1000);
  const line = `${String(seconds).padStart(4)} s  ${text}`;
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  isShown = true;
}

export function endProgress(): void {
  if (isShown) process.stderr.write('\r\x1b[K');
  isShown = false;
}

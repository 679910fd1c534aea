import type { Unit } from '../harness/result.js';

const NS = [
  [1e9, 's'],
  [1e6, 'ms'],
  [1e3, 'µs'],
] as const;
const BYTES = [
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/** Formats a value, such as `18.4 µs`; a ratio has no unit. The page contains this file, so it imports only types. */
export function quantity(value: number | null | undefined, unit?: Unit): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '';
  if (unit === undefined) return value.toFixed(2);
  if (unit === 'ns') return scaled(value, NS, 'ns');
  if (unit === 'bytes') return scaled(value, BYTES, 'B');
  if (unit === 'GB/s') return `${value.toFixed(1)} GB/s`;
  return `${Math.round(value).toLocaleString('en')} ${unit}`;
}

function scaled(value: number, units: readonly (readonly [number, string])[], least: string): string {
  const found = units.find(([size]) => Math.abs(value) >= size);
  if (found === undefined) return `${Math.round(value)} ${least}`;
  const number = value / found[0];
  return `${number.toFixed(number < 100 ? 1 : 0)} ${found[1]}`;
}

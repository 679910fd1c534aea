/** `did you mean 'rte'?` for the names that are like `wanted`; `undefined` where none is. */
export function didYouMean(wanted: string, known: readonly string[]): string | undefined {
  const near = [...new Set(known)]
    .map((name) => ({ name, distance: distance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance: far }) => isLike(wanted, name) || far <= Math.max(1, wanted.length / 3))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ name }) => `'${name}'`);
  if (near.length === 0) return undefined;
  return `did you mean ${near.join(' or ')}?`;
}

/** A part of it, as `pdump` of `RG_pdump`. */
function isLike(wanted: string, name: string): boolean {
  const [short = '', long = ''] = [wanted.toLowerCase(), name.toLowerCase()].sort(
    (a, b) => a.length - b.length,
  );
  return short.length >= 3 && long.includes(short);
}

/** Of Levenshtein: how many characters have to be put in, taken out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, charOfA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charOfB] of [...b].entries()) {
      const changed = (row[j] ?? 0) + (charOfA === charOfB ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** `did you mean 'rte'?` with up to three known names that are like `wanted`; `undefined` if none is. */
export function didYouMean(wanted: string, known: readonly string[]): string | undefined {
  const near = [...new Set(known)]
    .map((name) => ({ name, edits: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => contains(wanted, name) || edits <= Math.max(1, wanted.length / 3))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ name }) => `'${name}'`);
  return near.length === 0 ? undefined : `did you mean ${near.join(' or ')}?`;
}

/** Whether one name is a part of the other, as `pdump` is of `RG_pdump`. */
function contains(a: string, b: string): boolean {
  const [one, two] = [a.toLowerCase(), b.toLowerCase()];
  return Math.min(a.length, b.length) >= 3 && (one.includes(two) || two.includes(one));
}

/** Levenshtein's distance: how many characters have to be inserted, deleted or replaced. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    let diagonal = i;
    let left = i + 1;
    const rest = row.slice(1).map((above, j) => {
      left = Math.min(diagonal + (a[i] === b[j] ? 0 : 1), above + 1, left + 1);
      diagonal = above;
      return left;
    });
    row = [i + 1, ...rest];
  }
  return Number(row.at(-1));
}

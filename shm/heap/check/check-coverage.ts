import type { Element } from '../element.js';
import { ListRecord } from '../list-record.js';
import type { SharedWords } from '../shared-words.js';
import { type Findings, hex } from './findings.js';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Checks that elements cover the pages of all lists exactly: none twice, none left out, nothing where no page is. */
export function checkCoverage(words: SharedWords, elements: readonly Element[], findings: Findings): void {
  for (const list of ListRecord.all(words)) {
    if (!list.feedsHeap) continue;
    const own = elements.filter((element) => element.list === list.addr);
    const covered = joined(
      own.map(({ addr, end }) => ({ start: addr, end })),
      findings,
    );
    const pages = joined(pagesOf(list), findings);
    for (const { start, end } of without(pages, covered)) {
      findings.add(start, `to ${hex(end)} are pages of list ${list.index} that no element covers`);
    }
    for (const { start, end } of without(covered, pages)) {
      findings.add(start, `to ${hex(end)} is in the heap, but there are no such pages`);
    }
  }
}

function pagesOf(list: ListRecord): Range[] {
  return list.segmentsInUse().map((segment) => {
    const start = list.base + segment * list.pageSize;
    return { start, end: start + list.pageSize };
  });
}

/** Ranges in ascending order, those that touch made one. */
function joined(ranges: readonly Range[], findings: Findings): Range[] {
  const result: Range[] = [];
  for (const range of ranges) {
    const last = result.at(-1);
    findings.expect(last === undefined || last.end <= range.start, range.start, 'overlaps what is below it');
    if (last?.end === range.start) result[result.length - 1] = { start: last.start, end: range.end };
    else result.push(range);
  }
  return result;
}

/** What of `ranges` isn't in `others`, both joined. */
function without(ranges: readonly Range[], others: readonly Range[]): Range[] {
  return ranges.flatMap((range) => {
    const left: Range[] = [];
    let { start } = range;
    for (const other of others) {
      if (other.end <= start || other.start >= range.end) continue;
      if (other.start > start) left.push({ start, end: other.start });
      start = Math.max(start, other.end);
    }
    if (start < range.end) left.push({ start, end: range.end });
    return left;
  });
}

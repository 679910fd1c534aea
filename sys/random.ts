const HALF = 2 ** 32;

/** 64 bits that differ from all others: for names and ids, which nobody gains from guessing. */
export function random64(): bigint {
  const half = () => BigInt(Math.floor(Math.random() * HALF));
  return (half() << 32n) | half();
}

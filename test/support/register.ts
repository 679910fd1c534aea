/** The module that makes Node run TypeScript: for `--import` of a process that a test starts. */
export const REGISTER = new URL('../register.mjs', import.meta.url).href;

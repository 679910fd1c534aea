// Lets Node run the TypeScript sources as they are: `node --import ./test/register.mjs file.ts`.
import { register } from 'node:module';

register('ts-node/esm', import.meta.url);

// Lets a program say `import 'dpdk-ipc'` and get the sources: what README.md shows is run as it stands.
import { register } from 'node:module';

const index = new URL('../../lib/index.ts', import.meta.url).href;
const hook = `export const resolve = (specifier, context, next) =>
  next(specifier === 'dpdk-ipc' ? ${JSON.stringify(index)} : specifier, context);`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);

// Lets a program say `import 'dpdk-ipc'` and get the sources: what README.md shows is run as it stands.
import { register } from 'node:module';

const source = (file) => new URL(`../../${file}`, import.meta.url).href;
const exported = { 'dpdk-ipc': source('lib/index.ts'), 'dpdk-ipc/shm': source('shm/index.ts') };
const hook = `const exported = ${JSON.stringify(exported)};
export const resolve = (specifier, context, next) => next(exported[specifier] ?? specifier, context);`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);

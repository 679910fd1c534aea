// npm run test:descriptors -- [FILE...]: runs each test file in a process of its own, which must end with the descriptors that it
// started with. The root hook (test/support/descriptor-hooks.ts) compares them there, and around each test.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { longRun } from '../support/long-run.js';
import { REGISTER } from '../support/register.js';

const MOCHA = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));
const HOOKS = fileURLToPath(new URL('../support/descriptor-hooks.ts', import.meta.url));
const TESTS = fileURLToPath(new URL('..', import.meta.url));

await longRun('descriptors', async (progress) => {
  const given = process.argv.slice(2);
  const all = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.ts'),
  );
  const files = given.length > 0 ? given : all.map((name) => `${TESTS}${name}`).sort();
  const failed: string[] = [];
  for (const [i, file] of files.entries()) {
    progress.update(() => `descriptors: ${i} of ${files.length} files, ${file}`);
    const options = [
      '--no-config',
      '--node-option',
      `import=${REGISTER}`,
      '--require',
      HOOKS,
      '--timeout',
      '20000',
    ];
    const { status, stdout } = spawnSync(process.execPath, [MOCHA, ...options, file], { encoding: 'utf8' });
    if (status === 0) continue;
    failed.push(file);
    console.error(stdout.slice(-3000));
  }
  if (failed.length > 0)
    throw new Error(`${failed.length} of ${files.length} files failed: ${failed.join(', ')}`);
  return `${files.length} test files, each in a process of its own, leave no descriptor behind`;
});

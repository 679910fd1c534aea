// The command line has every command and option that documents name, and documents have every one of the command line.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROUNDS } from '../../tools/doctor/diagnose.js';
import { needsPacked, type Packed } from '../package/packed.js';
import { DOCUMENTS, read } from './documents.js';

interface Named {
  readonly line: string;
  readonly words: readonly string[];
  readonly options: readonly string[];
}

/** Finds the command lines of `dpdk-ipc` in code blocks and in text. */
function commandsOf(document: string): Named[] {
  const text = read(document);
  const blocks = [...text.matchAll(/^\$? ?(?:npx )?dpdk-ipc (.*)$/gm)];
  const inline = [...text.matchAll(/`(?:npx )?dpdk-ipc ([^`]*)`/g)];
  return [...blocks, ...inline].map(([line, rest = '']) => ({
    line,
    words: /^[a-z ]*/.exec(rest)?.[0].trim().split(' ') ?? [],
    options: rest.match(/(?<=\s)--[a-z-]+/g) ?? [],
  }));
}

describe('commands in documents', function () {
  this.timeout(120_000);
  let packed: Packed;

  before(function () {
    packed = needsPacked(this);
  });

  const cache = new Map<string, string>();

  function help(...words: string[]): string {
    const key = words.join(' ');
    const command = join(packed.directory, 'node_modules/.bin/dpdk-ipc');
    const text = cache.get(key) ?? spawnSync(command, [...words, '--help'], { encoding: 'utf8' }).stdout;
    cache.set(key, text);
    return text;
  }

  for (const document of DOCUMENTS.filter((name) => commandsOf(name).length > 0)) {
    it(`${document} names only commands and options that exist`, () => {
      for (const { line, words, options } of commandsOf(document)) {
        const [command = '', sub = ''] = words;
        if (command !== '') expect(help(), line).to.match(new RegExp(`^  ${command}\\b`, 'm'));
        const text = command === '' ? help() : help(command);
        const isGroup = new RegExp(`^  ${sub}\\b.*`, 'm').test(text) && sub !== '';
        const full = isGroup ? help(command, sub) : text;
        for (const option of options) expect(full, line).to.contain(option);
      }
    });
  }

  /** Returns the names in a `--help` text's list of commands. */
  function commandsIn(text: string): string[] {
    const list = /^Commands:\n((?: {2}.*\n)+)/m.exec(text)?.[1] ?? '';
    return [...list.matchAll(/^ {2}([a-z]+)/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help');
  }

  it('docs/command-line.md has every command and option', () => {
    const page = read('docs/command-line.md');
    const commands = commandsIn(help());
    expect(commands).to.include.members(['ls', 'hotplug', 'memzone']);
    for (const command of commands) {
      expect(page).to.match(new RegExp(`^\\|.*\`${command}\\b.*\\|`, 'm'));
      for (const sub of ['', ...commandsIn(help(command))]) {
        expect(page).to.contain(sub);
        const text = sub === '' ? help(command) : help(command, sub);
        const options = [...text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
        for (const option of options.filter((name) => name !== '--help'))
          expect(page, `${command} ${sub}`).to.contain(`\`${option}\``);
      }
    }
  });

  it('docs/command-line.md has every finding of doctor', () => {
    const page = read('docs/command-line.md');
    for (const id of ROUNDS.flatMap(Object.keys)) expect(page).to.contain(`\`${id}\``);
  });
});

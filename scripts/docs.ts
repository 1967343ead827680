/** `npm run docs`: writes the reference pages that are made from the code. A test compares them with what is there. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { createProgram } from '../src/cli/program.ts';
import { ERROR_KINDS } from '../src/core/errors.ts';
import { formatsPage, labelConfigPage } from './language-pages.ts';

/** File name -> text. */
export function documents(): Readonly<Record<string, string>> {
  return {
    'docs/cli.md': cliPage(createProgram()),
    'docs/errors.md': errorsPage(),
    'docs/formats.md': formatsPage(),
    'docs/label-config.md': labelConfigPage(),
  };
}

function cliPage(program: Command): string {
  const intro = [
    '# The command line',
    '',
    'Verbs talk to the server that holds the data folder, or open the folder themselves. They print a table to a terminal',
    'and JSON lines into a pipe; progress and errors go to standard error. This page is made by `npm run docs`.',
  ];
  return `${[...intro, ...leaves(program, 'headstart').flatMap(([name, verb]) => section(name, verb))].join('\n')}\n`;
}

/** Commands that do something, with their full names. */
function leaves(command: Command, name: string): [string, Command][] {
  return command.commands.flatMap((verb): [string, Command][] =>
    verb.commands.length > 0 ? leaves(verb, `${name} ${verb.name()}`) : [[`${name} ${verb.name()}`, verb]],
  );
}

function section(name: string, verb: Command): string[] {
  const required = verb.registeredArguments.map((one) =>
    one.required ? `<${one.name()}>` : `[${one.name()}${one.variadic ? '...' : ''}]`,
  );
  const options = verb.options.map(
    (option) => `| \`${option.flags.replaceAll('|', '\\|')}\` | ${option.description} |`,
  );
  return [
    '',
    `## \`${[name, ...required].join(' ')}\``,
    '',
    `${sentence(verb.description())}`,
    '',
    '| option | meaning |',
    '|---|---|',
    ...options,
  ];
}

function errorsPage(): string {
  const rows = Object.entries(ERROR_KINDS).map(
    ([code, { status, retryable, meaning }]) => `| \`${code}\` | ${status} | ${retryable ? 'yes' : ''} | ${meaning} |`,
  );
  const head = [
    '# Errors',
    '',
    'Every error has a code, a message that says what was given and what was expected, and `details` that name the place.',
    'Over HTTP it is JSON with `code`, `detail`, `details` and `request_id`. On the paths of Label Studio 422 becomes 400.',
    'This page is made by `npm run docs`.',
    '',
    '| code | HTTP | retry | meaning |',
    '|---|---|---|---|',
  ];
  return `${[...head, ...rows].join('\n')}\n`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = resolve(import.meta.dirname, '..');
  for (const [name, text] of Object.entries(documents())) writeFileSync(resolve(root, name), text);
}

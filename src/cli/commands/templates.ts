/** `headstart templates`: ready label configs to start a project from. */
import type { Command } from 'commander';
import { TEMPLATES, templateNamed } from '../../labelconfig/index.ts';
import { createOutput, reportError } from '../output.ts';
import { type CommonFlags, wantsJson } from '../session.ts';

export function addTemplates(program: Command): void {
  program
    .command('templates')
    .description('list ready label configs, or show one; `headstart init --template` starts a project from it')
    .argument('[name]', 'name of the one to show, with its sample task')
    .option('--json', 'JSON lines instead of a table (the default into a pipe)')
    .action((name: string | undefined, flags: CommonFlags) => {
      try {
        show(name, wantsJson(flags));
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

function show(wanted: string | undefined, json: boolean): void {
  const out = createOutput(json);
  if (wanted === undefined) {
    out.rows(TEMPLATES.map(({ name, group, title }) => ({ name, group, title })));
    return;
  }
  const { name, group, title, config, sample } = templateNamed(wanted);
  if (json) {
    out.record({ name, group, title, label_config: config, sample });
    return;
  }
  out.record({ name, group, title });
  out.note(`\n${config.trim()}\n\n${JSON.stringify(sample, null, 2)}`);
}

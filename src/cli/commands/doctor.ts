/** `headstart doctor`: what works on this machine, in plain sentences, and what to do about the rest. */
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { withCommon } from '../flags.ts';
import { createOutput, reportError } from '../output.ts';
import { type CommonFlags, wantsJson } from '../session.ts';

export function addDoctor(program: Command): void {
  withCommon(program.command('doctor'))
    .description('say what works on this machine and what to do about the rest')
    .action(async (flags: CommonFlags) => {
      try {
        const { examine } = await import('../../doctor.ts');
        const findings = await examine(readConfig(flags));
        createOutput(wantsJson(flags)).rows(
          findings.map(({ part, ok, sentence }) => ({ part, works: ok ? 'yes' : 'no', sentence })),
        );
        if (findings.some((one) => !one.ok && one.needed)) process.exitCode = 69;
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

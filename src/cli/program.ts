/** Every verb of the command line. Each is a file in `commands/`; all of them speak HTTP to a server. */
import { Command } from 'commander';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addExport } from './commands/export.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addJobs } from './commands/jobs.ts';
import { addLabel } from './commands/label.ts';
import { addAnnotate, addNext } from './commands/labeling.ts';
import { addPrelabel, addRank, addTrain } from './commands/learning.ts';
import { addDuplicates, addSimilar } from './commands/look-alikes.ts';
import { addModels } from './commands/models.ts';
import { addPropagate } from './commands/propagate.ts';
import { addRules } from './commands/rules.ts';
import { addRuns } from './commands/runs.ts';
import { addServe } from './commands/serve.ts';
import { addSimulate } from './commands/simulate.ts';
import { addStudio } from './commands/studio.ts';
import { addTemplates } from './commands/templates.ts';
import { addTrainer } from './commands/trainer.ts';

export function createProgram(): Command {
  const program = new Command('headstart')
    .description('Pre-labels your data, orders the queue, learns from every correction.')
    .showHelpAfterError()
    .configureHelp({ sortSubcommands: false });
  for (const add of [
    addServe,
    addDemo,
    addLabel,
    addInit,
    addTemplates,
    addImport,
    addPrelabel,
    addNext,
    addAnnotate,
    addTrain,
    addRank,
    addExport,
    addRules,
    addPropagate,
    addSimilar,
    addDuplicates,
    addRuns,
    addJobs,
    addModels,
    addStudio,
    addTrainer,
    addSimulate,
    addDoctor,
  ]) {
    add(program);
  }
  return program;
}

#!/usr/bin/env node
/** `headstart <verb>`: reads the command line and does what it says. */
import { createProgram } from './program.ts';

await createProgram().parseAsync();

#!/usr/bin/env node
/** `headstart <verb>`: reads the command line and does what it says. */
import { createProgram } from './program.ts';

/** As a shell says of those that SIGPIPE ends. */
const READER_GONE = 141;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // Whoever read has seen enough, as `head` has: there is nobody to tell.
    process.exit(READER_GONE);
  });
}

await createProgram().parseAsync();

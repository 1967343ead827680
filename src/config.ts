/** Every setting of the process: flags first, then the environment, then defaults. Nothing else reads the environment. */
import { availableParallelism, homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from './core/errors.ts';

export interface Config {
  /** Data folder; created when missing. */
  readonly folder: string;
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Ask for tokens on loopback too. */
  readonly requireTokens: boolean;
  readonly logLevel: LogLevel;
  /** Inference processes; by default one per core. */
  readonly hosts: number;
  /** Folder that `/data/local-files?d=` reads from; null switches it off. */
  readonly localFiles: string | null;
  /** Addresses beyond the public internet that media may be fetched from: see media/addresses.ts. */
  readonly allowAddresses: readonly string[];
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];
const PORT_DEFAULT = 8080;

/** What a command line may say; strings as they were typed. */
export interface Flags {
  readonly data?: string;
  readonly host?: string;
  readonly port?: string;
  readonly requireTokens?: boolean;
  readonly log?: string;
  readonly hosts?: string;
  readonly localFiles?: string;
  /** With commas between them. */
  readonly allowAddress?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CONFIG_BAD_VALUE naming the setting. */
export function readConfig(flags: Flags, environment: Environment = process.env): Config {
  return {
    folder: resolve(flags.data ?? environment.HEADSTART_DATA ?? join(homedir(), '.headstart')),
    host: flags.host ?? environment.HEADSTART_HOST ?? '127.0.0.1',
    port: integer('port', flags.port ?? environment.HEADSTART_PORT, PORT_DEFAULT, 0, 65_535),
    requireTokens: flags.requireTokens ?? environment.HEADSTART_REQUIRE_TOKENS === '1',
    logLevel: logLevel(flags.log ?? environment.HEADSTART_LOG ?? 'warn'),
    hosts: integer('hosts', flags.hosts ?? environment.HEADSTART_HOSTS, availableParallelism(), 1, 256),
    localFiles: folderOrNull(flags.localFiles ?? environment.HEADSTART_LOCAL_FILES),
    allowAddresses: list(flags.allowAddress ?? environment.HEADSTART_ALLOW_ADDRESS ?? ''),
  };
}

function folderOrNull(given: string | undefined): string | null {
  return given === undefined || given === '' ? null : resolve(given);
}

function list(given: string): string[] {
  return given.split(/[\s,]+/).filter((entry) => entry !== '');
}

function integer(name: string, given: string | undefined, fallback: number, least: number, most: number): number {
  if (given === undefined || given === '') return fallback;
  const value = Number(given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new AppError('CONFIG_BAD_VALUE', `${name} is a whole number from ${least} to ${most}, not '${given}'.`, {
    details: { setting: name },
  });
}

function logLevel(given: string): LogLevel {
  const level = LOG_LEVELS.find((one) => one === given);
  if (level) return level;
  throw new AppError('CONFIG_BAD_VALUE', `log is one of ${LOG_LEVELS.join(', ')}, not '${given}'.`, {
    details: { setting: 'log' },
  });
}

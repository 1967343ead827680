import { describe } from 'vitest';
import { jobContract } from '../contract/jobs.ts';
import { storeContract } from '../contract/store.ts';
import { openSqlite } from './open-temp.ts';

describe('the store on SQLite', () => storeContract(openSqlite));
describe('the job queue on SQLite', () => jobContract(openSqlite));

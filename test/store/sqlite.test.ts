import { describe } from 'vitest';
import { jobContract } from '../contract/jobs.ts';
import { leaseProperties } from '../contract/leases.property.ts';
import { storeContract } from '../contract/store.ts';
import { openSqlite } from './open-temp.ts';

describe('the store on SQLite', () => {
  storeContract(openSqlite);
  describe('leases under random play', () => leaseProperties(openSqlite));
});

describe('the job queue on SQLite', () => jobContract(openSqlite));

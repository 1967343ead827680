/** The contract of the metadata store, for every engine. */
import { describe } from 'vitest';
import { countProperties } from './counts.property.ts';
import { leaseProperties } from './leases.property.ts';
import { annotationContract } from './store/annotations.ts';
import { imageHashContract } from './store/image-hashes.ts';
import { labelModelContract } from './store/label-models.ts';
import { labelContract } from './store/labels.ts';
import { leaseContract } from './store/leases.ts';
import { mediaFactContract } from './store/media-facts.ts';
import { modelContract } from './store/models.ts';
import { projectContract } from './store/projects.ts';
import { ruleContract } from './store/rules.ts';
import { runContract } from './store/runs.ts';
import { spreadContract } from './store/spread.ts';
import { studioContract } from './store/studio.ts';
import { taskContract } from './store/tasks.ts';
import { tokenContract } from './store/tokens.ts';
import { transactionContract } from './store/transactions.ts';
import { viewContract } from './store/views.ts';
import { voteContract } from './store/votes.ts';
import type { OpenEmpty } from './world.ts';

export function storeContract(open: OpenEmpty): void {
  describe('projects', () => projectContract(open));
  describe('tasks', () => taskContract(open));
  describe('annotations and predictions', () => annotationContract(open));
  describe('labels', () => labelContract(open));
  describe('votes', () => voteContract(open));
  describe('rules', () => ruleContract(open));
  describe('spread', () => spreadContract(open));
  describe('hashes of pictures', () => imageHashContract(open));
  describe('runs', () => runContract(open));
  describe('connections to Label Studio', () => studioContract(open));
  describe('leases', () => leaseContract(open));
  describe('models', () => modelContract(open));
  describe('label models', () => labelModelContract(open));
  describe('media facts', () => mediaFactContract(open));
  describe('labelers and tokens', () => tokenContract(open));
  describe('views', () => viewContract(open));
  describe('transactions', () => transactionContract(open));
  describe('totals under random play', () => countProperties(open));
  describe('leases under random play', () => leaseProperties(open));
}

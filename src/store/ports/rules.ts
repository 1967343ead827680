/** Rule documents and what went wrong with a rule: a port of the store. */
import type { RuleDocument } from '../../core/domain.ts';
import type { PlainError } from '../../core/errors.ts';

export interface RuleStore {
  /** Saving what the newest document already says (text and lists) returns that one. */
  add(document: Omit<RuleDocument, 'id' | 'number' | 'createdAt'>): Promise<RuleDocument>;
  get(projectId: number, number: number): Promise<RuleDocument | undefined>;
  newest(projectId: number): Promise<RuleDocument | undefined>;
  /** Oldest first, without their texts and lists, which may be megabytes each. */
  list(projectId: number): Promise<Omit<RuleDocument, 'text' | 'lists'>[]>;
  /** Rule versions that failed or overran their time in this project: none of their votes count. */
  faults(projectId: number): Promise<RuleFaultRow[]>;
  /** The first fault of a labeler stays. */
  addFault(projectId: number, labelerId: number, error: PlainError): Promise<void>;
  /** Gives these versions another chance. */
  clearFaults(projectId: number, labelerIds: readonly number[]): Promise<void>;
}

export interface RuleFaultRow {
  readonly labelerId: number;
  readonly error: PlainError;
}

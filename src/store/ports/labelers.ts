/** Whoever labels, and the tokens that people come with: a port of the store. */
import type { Labeler, LabelerKind, Role, Token } from '../../core/domain.ts';

export interface LabelerStore {
  ensure(kind: LabelerKind, name: string, version: string): Promise<Labeler>;
  get(id: number): Promise<Labeler | undefined>;
  list(): Promise<Labeler[]>;
}

export interface TokenStore {
  /** `hash` is the sha-256 of the plain token; the plain text is never stored. */
  add(token: {
    hash: string;
    annotatorId: number;
    role: Role;
    projectId: number | null;
    label: string;
  }): Promise<Token>;
  /** A revoked one is not found. */
  find(hash: string): Promise<Token | undefined>;
  list(): Promise<Token[]>;
  revoke(id: number): Promise<void>;
}

/** Secrets that open something here: unguessable, told once, kept only as a hash. */
import { hash } from 'node:crypto';
import type { Deps } from './deps.ts';

export function newSecret({ newId }: Pick<Deps, 'newId'>): string {
  return `${newId()}${newId()}`;
}

/** Looked up by it, so that the time taken says nothing about how close a guess is. */
export function secretHash(secret: string): string {
  return hash('sha256', secret);
}

/** Who of the people here is who over there. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { refusedWith, type StudioClient } from './client.ts';
import { listOf, STUDIO_USER } from './wire.ts';

export interface Person {
  readonly name: string;
  /** Null: Label Studio knows nobody of this name, or several. */
  readonly studioUser: number | null;
}

/** By the number that answers from there came with, else by name, user name or e-mail address. */
export function peopleThere(store: Deps['store'], client: StudioClient): (annotatorId: number) => Promise<Person> {
  let users: Promise<readonly JsonObject[]> | null = null;
  const people = new Map<number, Promise<Person>>();
  const look = async (annotatorId: number): Promise<Person> => {
    const name = (await store.labelers.get(annotatorId))?.name ?? String(annotatorId);
    const number = name.startsWith(STUDIO_USER) ? Number(name.slice(STUDIO_USER.length)) : Number.NaN;
    if (Number.isSafeInteger(number)) return { name, studioUser: number };
    users ??= usersOf(client);
    const fitting = (await users).filter((user) => namesOf(user).includes(name.toLowerCase()));
    const id = fitting.length === 1 ? fitting[0]!.id : null;
    return { name, studioUser: typeof id === 'number' ? id : null };
  };
  return (annotatorId) => {
    const known = people.get(annotatorId) ?? look(annotatorId);
    people.set(annotatorId, known);
    return known;
  };
}

function namesOf({ email, username, first_name, last_name }: JsonObject): string[] {
  const text = (value: Json | undefined) => (typeof value === 'string' ? value.trim() : '');
  const names = [text(email), text(username), `${text(first_name)} ${text(last_name)}`.trim()];
  return names.filter((name) => name !== '').map((name) => name.toLowerCase());
}

/** Nobody where the token may not list them. */
async function usersOf(client: StudioClient): Promise<readonly JsonObject[]> {
  try {
    const reply = await client.get('/api/users/');
    return listOf(isJsonObject(reply) ? reply.results : reply).filter(isJsonObject);
  } catch (error) {
    if (refusedWith(error) === undefined) throw error;
    return [];
  }
}

/** Who uses this browser: an invite from the address, and the personal token it was exchanged for. */

const TOKEN_KEY = 'headstart.token';
const NAME_KEY = 'headstart.name';

/** The fragment never reaches a server or its log, so the secret travels there. */
const INVITE = /^#invite=([\w.~-]+)$/;

export function currentToken(): string | null {
  return localStorage.getItem(TOKEN_KEY);
}

export function currentName(): string {
  return localStorage.getItem(NAME_KEY) ?? '';
}

export function rememberToken(secret: string, name: string): void {
  localStorage.setItem(TOKEN_KEY, secret);
  localStorage.setItem(NAME_KEY, name);
}

export function forgetToken(): void {
  localStorage.removeItem(TOKEN_KEY);
}

/** The invite in the address, if there is one. */
export function inviteOf(hash: string): string | null {
  return INVITE.exec(hash)?.[1] ?? null;
}

export function inviteLink(secret: string): string {
  return `${location.origin}/join#invite=${secret}`;
}

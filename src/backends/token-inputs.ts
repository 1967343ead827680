/** Which input of a text model takes what: the tokens, or what goes along with them. */

/** What an input of this name is for: exporters keep to these words. */
export function inputRole(name: string): 'mask' | 'zeros' | 'positions' | 'ids' {
  if (/mask/.test(name)) return 'mask';
  if (/type/.test(name)) return 'zeros';
  return /position/.test(name) ? 'positions' : 'ids';
}

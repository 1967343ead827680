export { applyRules } from './apply.ts';
export { compileRules } from './compile.ts';
export { checkRules, parseRules } from './document.ts';

/** From the label page to a rule: of the words selected in the text, or of the last answer. */
import { choicesOf } from '../result.ts';
import type { Snapshot } from './answer.ts';
import type { Answering } from './answering.ts';

/** The address of the rules page with what is known; null where there is nothing to make a rule of. */
export function ruleLink(projectId: number, view: Answering, at: Snapshot): string | null {
  const words = window.getSelection()?.toString().trim() ?? '';
  const last = at.given[0];
  const { shown } = view;
  const about =
    shown !== null && (words !== '' || shown.reopened !== null)
      ? { task: shown.taskId, label: [...view.at.ticked, ...view.at.suggested][0] }
      : last && { task: last.item.id, label: choicesOf(last.result)[0] };
  if (about === undefined || (words === '' && about.label === undefined)) return null;
  const query = new URLSearchParams({ task: `${about.task}`, label: about.label ?? '', words });
  return `/projects/${projectId}/rules?${query}`;
}

/** Events of Label Studio that mean something here; all others are fine and change nothing. */
export const ACTIONS = [
  'ANNOTATION_CREATED',
  'ANNOTATIONS_CREATED',
  'ANNOTATION_UPDATED',
  'ANNOTATIONS_DELETED',
  'TASKS_CREATED',
  'TASKS_DELETED',
  'PROJECT_UPDATED',
  'START_TRAINING',
  // The old `train` call, kept like an event.
  'HEADSTART_TRAIN_WITH',
] as const;

export type Action = (typeof ACTIONS)[number];

export const TRAIN_WITH: Action = 'HEADSTART_TRAIN_WITH';

export function isKnownAction(action: unknown): action is Action {
  return (ACTIONS as readonly unknown[]).includes(action);
}

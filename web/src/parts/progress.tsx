/** A bar that says how far something is, to eyes and to screen readers. */
import type { ReactNode } from 'react';

export function Progress({ done, total, label }: { done: number; total: number; label: string }): ReactNode {
  return <progress className="bar" value={done} max={Math.max(1, total)} aria-label={label} />;
}

/** Versions chosen by hand: one per control, served unchanged until somebody lets go of them. */
import type { ProjectSettings } from '../../core/domain.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

type First = Pick<ProjectConfig, 'control'>;

/** The pinned version of a control; null: the best one serves. */
export function pinnedOf(settings: ProjectSettings, first: First, control: string): number | null {
  if (control === first.control?.name) return settings.pinnedVersion;
  return settings.pinnedFurther?.[control] ?? null;
}

export function withPin(settings: ProjectSettings, first: First, control: string, id: number): ProjectSettings {
  if (control === first.control?.name) return { ...settings, pinnedVersion: id };
  return { ...settings, pinnedFurther: { ...settings.pinnedFurther, [control]: id } };
}

export function withoutPins(settings: ProjectSettings): ProjectSettings {
  return { ...settings, pinnedVersion: null, pinnedFurther: {} };
}

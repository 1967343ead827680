/** Templates: ready label configs to start a project from, the same for everybody. */
import { TEMPLATES } from '../../labelconfig/index.ts';
import type { TransferApi } from '../transfer/api.ts';

export function createTemplates(): Pick<TransferApi, 'templates'> {
  return { templates: () => TEMPLATES };
}

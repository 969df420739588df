import { join, resolve } from 'node:path';
import { StepFault } from '../../kernel/errors.ts';
import type { HostServices } from '../../kernel/host.ts';
import { isUuid } from '../../kernel/ids.ts';

/**
 * This host as step types use it.
 * @param on.folder in which environments have their folders
 */
export function hostServices({ folder, ...services }: Omit<HostServices, 'folderOf'> & { readonly folder: string }): HostServices {
  const root = resolve(folder);
  return {
    ...services,
    folderOf(environment) {
      // An id has no dots and no slashes: no path leads out of the folder.
      if (isUuid(environment)) return join(root, environment);
      throw new StepFault('config', `"${environment}" is not the id of an environment: a lower-case UUID is.`, { code: 'INVALID_REQUEST' });
    },
  };
}

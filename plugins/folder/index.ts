import { definePlugin } from '../../core/sdk.ts';
import { parseAddress } from './address.ts';
import { FolderObjects } from './folder-objects.ts';

export default definePlugin({
  type: 'objectStore',
  name: 'folder',
  summary: 'Objects as files of a folder that is there, on a disk of this host or one that all hosts mount.',
  protocols: ['file:'],
  example: 'file:///var/lib/sluice/objects?settle=PT5S',
  open: (url) => new FolderObjects(parseAddress(url)),
});

import { definePlugin, Type } from '../../core/sdk.ts';
import { Registry } from '../../core/kernel/registry.ts';
import apiKey from '../../plugins/apiKey/index.ts';
import appendLog from '../../plugins/appendLog/index.ts';
import basic from '../../plugins/basic/index.ts';
import bearer from '../../plugins/bearer/index.ts';
import none from '../../plugins/none/index.ts';
import oauth2 from '../../plugins/oauth2/index.ts';
import purgeLogs from '../../plugins/purgeLogs/index.ts';

/** Step types that are told apart by what an unknown outcome of theirs calls for. They are never run. */
const makeBox = definePlugin<{ name: string; size?: number }>({
  type: 'stepType',
  name: 'makeBox',
  summary: 'Makes a box.',
  config: Type.Object(
    { name: Type.String({ minLength: 1 }), size: Type.Optional(Type.Integer({ minimum: 1 })) },
    { additionalProperties: false },
  ),
  result: Type.Object({ id: Type.String() }),
  example: 'id: box\nuse: makeBox\nwith: { name: a }\nidempotency: { mode: once }\n',
  repeat: { mode: 'once' },
  run: () => Promise.reject(new Error('Not here.')),
});
const findBox = definePlugin<{ name: string }>({
  type: 'stepType',
  name: 'findBox',
  summary: 'Finds a box.',
  config: Type.Object({ name: Type.String({ minLength: 1 }) }, { additionalProperties: false }),
  result: Type.Object({ id: Type.String() }),
  example: 'id: find\nuse: findBox\nwith: { name: a }\n',
  repeat: { mode: 'safe' },
  run: () => Promise.reject(new Error('Not here.')),
});

/** The plugins that fixtures use; fixed, since messages list them. */
export const registry = new Registry([
  ...[none, apiKey, basic, bearer, oauth2],
  ...[appendLog, purgeLogs, makeBox, findBox],
]);

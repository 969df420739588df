import type { FaultCode, FaultKind } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import { CODE, KIND } from '../modifiers/errors.ts';
import { NAME } from '../schema/basics.ts';
import { mapOf, required } from '../schema/field.ts';
import { placeOf } from '../scope/place.ts';
import type { Verb } from './verb.ts';

/** Ends the run as failed, with a message for whoever must act. */
export const fail: Verb = {
  name: 'fail',
  modifiers: ['if'],
  field: () => mapOf('fail', { kind: KIND, message: required(NAME), code: CODE }),
  places: ({ fail: value }, pointer, { before }) =>
    isJsonObject(value) ? placeOf(value, childPointer(pointer, 'fail'), 'message', 'tree', before) : [],
  outputs: () => [],
  compile({ id, path, pointer, node }) {
    const value = isJsonObject(node['fail']) ? node['fail'] : {};
    const message = tree(value['message'] ?? '', childPointer(pointer, 'fail', 'message'));
    const code = value['code'] as FaultCode | undefined;
    const kind = (value['kind'] as FaultKind | undefined) ?? 'config';
    return { verb: 'fail', id, path, kind, message, ...(code === undefined ? {} : { code }) };
  },
};

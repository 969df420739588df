import { Type } from 'typebox';
import type { FaultKind } from '../../kernel/errors.ts';
import { isJsonObject } from '../../kernel/json.ts';
import { tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import { KINDS } from '../modifiers/errors.ts';
import { NAME } from '../schema/basics.ts';
import { field, mapOf, required } from '../schema/field.ts';
import { placeOf } from '../scope/place.ts';
import type { Verb } from './verb.ts';

/** Ends the run as failed, with a message for whoever must act. */
export const fail: Verb = {
  name: 'fail',
  modifiers: ['if'],
  field: () => mapOf('fail', { kind: field(Type.Enum([...KINDS])), message: required(NAME) }),
  places: (value, pointer, { before }) =>
    isJsonObject(value) ? placeOf(value, pointer, 'message', 'tree', before) : [],
  outputs: () => [],
  compile({ id, path, pointer, node }) {
    const value = isJsonObject(node['fail']) ? node['fail'] : {};
    const message = tree(value['message'] ?? '', childPointer(pointer, 'fail', 'message'));
    return { verb: 'fail', id, path, kind: (value['kind'] as FaultKind | undefined) ?? 'config', message };
  },
};

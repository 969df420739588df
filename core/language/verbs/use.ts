import { Type } from 'typebox';
import { StepFault } from '../../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { StepType } from '../../kernel/plugin.ts';
import type { Registry } from '../../kernel/registry.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import { MODIFIERS } from '../modifiers/all.ts';
import { outputsOf } from '../modifiers/response.ts';
import type { Idempotency, UseStep } from '../plan.ts';
import { errorsOf } from '../schema/ajv.ts';
import { field, type Field } from '../schema/field.ts';
import { faultsOf } from '../schema/messages.ts';
import { asText, show } from '../schema/show.ts';
import { placeOf } from '../scope/place.ts';
import { compileEffect } from './effect.ts';
import type { Verb } from './verb.ts';

/** Whether `with` is as the type says is for lint: it needs both keys. */
const WITH = field(Type.Unsafe({ type: 'object', description: 'What the step type is given; see its example.' }), (node, pointer, report) => {
  if (!isJsonObject(node)) report.error(pointer, `${show(node)} must be a map of what the step type is given.`);
});

/** A step type: code of a plugin or of the platform. */
export const use: Verb = {
  name: 'use',
  modifiers: MODIFIERS.map(({ name }) => name),
  field: ({ registry }) => nameField(registry),
  companions: () => ({ with: WITH }),
  places: (step, pointer, { request }) => placeOf(step, pointer, 'with', 'tree', request),
  outputs: (step) => Object.keys(outputsOf(step['response'])),
  compile(step, compiler) {
    const { pointer, node } = step;
    const name = asText(node['use']);
    const type = compiler.registry.stepType(name);
    return {
      verb: 'use',
      ...compileEffect(step, type && repeatOf(type), compiler),
      type: name,
      prepare: compilePrepare(withOf(node), childPointer(pointer, 'with'), name, type),
    };
  },
};

function withOf(step: JsonObject): JsonObject {
  const value = step['with'];
  return isJsonObject(value) ? value : {};
}

function repeatOf({ repeat }: StepType<JsonObject>): Idempotency {
  return repeat.mode === 'key' ? { mode: 'key', validFor: repeat.validFor } : { mode: repeat.mode };
}

/** What templates gave is checked against the type's schema once they are filled: lint could not know it. */
function compilePrepare(
  node: JsonObject,
  pointer: string,
  name: string,
  type: StepType<JsonObject> | undefined,
): UseStep['prepare'] {
  const evaluate = tree(node, pointer);
  return (scope) => {
    const value = evaluate(scope);
    if (!isJsonObject(value)) throw new StepFault('config', `${pointer}: what ${name} is given must be a map.`);
    const [fault] = type ? faultsOf(errorsOf(type.config, value), { noun: name }) : [];
    if (fault) throw new StepFault('config', `${name} cannot be given this: ${fault.pointer || '/'} ${fault.message}`);
    return value;
  };
}

function nameField(registry: Registry): Field {
  const names = registry.stepTypes().map(({ name }) => name);
  return field(names.length > 0 ? Type.Enum(names) : Type.String(), (node, pointer, report) => {
    if (typeof node === 'string' && names.includes(node)) return;
    const known = names.length > 0 ? `there are: ${names.join(', ')}` : 'there are none among the plugins at hand';
    report.error(pointer, `There is no step type ${show(node)}; ${known}.${didYouMean(asText(node), names)}`);
  });
}

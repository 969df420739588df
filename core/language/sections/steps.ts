import { Type, type TSchema } from 'typebox';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean, nearest } from '../../kernel/suggest.ts';
import type { Grammar } from '../grammar.ts';
import { childPointer } from '../load/document.ts';
import { MODIFIERS } from '../modifiers/all.ts';
import type { Report } from '../report.ts';
import {
  checkMap,
  field,
  listOf,
  mapSchema,
  notYet,
  required,
  type Field,
  type Fields,
} from '../schema/field.ts';
import { kindOf, show } from '../schema/show.ts';
import { EFFECTS, LATER_VERBS, VERBS } from '../verbs/all.ts';
import type { Verb } from '../verbs/verb.ts';

const ID = required(
  field(Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]*$', description: 'Unique in its pipeline.' })),
);

/** A list of steps, each checked as the verb that its author meant. */
export function stepsField(grammar: Grammar): Field {
  return listOf('steps', stepField(grammar, 'step'), { least: 1 });
}

/** The steps of an `undo`: what they did is not undone in turn. */
export function undoField(grammar: Grammar): Field {
  return withinUndo(grammar).steps;
}

function withinUndo({ registry, auth, questions }: Grammar): Grammar {
  const inner: Grammar = {
    registry,
    auth,
    questions,
    undoSteps: NO_UNDO,
    get steps() {
      return listOf('undo', stepField(inner, 'undoStep'), { least: 1 });
    },
  };
  return inner;
}

const NO_UNDO: Field = {
  schema: Type.Never(),
  check: (_, pointer, report) => {
    report.error(pointer, 'The steps of an `undo` are not undone in turn: what they do is final. Leave this one out.', { onKey: true });
  },
};

function stepField(grammar: Grammar, name: string): Field {
  const schema = Type.Unsafe({ $ref: `#/$defs/${name}` });
  return { schema, check: (node, pointer, report) => checkStep(grammar, node, pointer, report) };
}

/** `step` and `undoStep` in the `$defs` of the JSON Schema for editors. */
export function stepSchemas(grammar: Grammar): Record<string, TSchema> {
  const anyStep = (of: Grammar) => Type.Union(VERBS.map((verb) => mapSchema(stepFields(verb, of, true))));
  return { step: anyStep(grammar), undoStep: anyStep(withinUndo(grammar)) };
}

/** The keys of a step with this verb. `verify` is a step without an id. */
export function stepFields(verb: Verb, grammar: Grammar, withId: boolean): Fields {
  const modifiers = MODIFIERS.filter(({ name }) => verb.modifiers.includes(name));
  return {
    ...(withId ? { id: ID } : {}),
    [verb.name]: required(verb.field(grammar)),
    ...verb.companions?.(grammar),
    ...Object.fromEntries(modifiers.map((modifier) => [modifier.name, modifier.field(grammar)])),
  };
}

function checkStep(grammar: Grammar, node: Json, pointer: string, report: Report): void {
  if (!isJsonObject(node)) {
    report.error(
      pointer,
      `${show(node)} is ${kindOf(node)}; a step must be a map with an id and one verb: ${verbNames()}.`,
    );
    return;
  }
  const later = Object.keys(LATER_VERBS).find((name) => name in node);
  if (later !== undefined) {
    report.error(childPointer(pointer, later), notYet(`The verb "${later}"`, LATER_VERBS[later] ?? ''), {
      onKey: true,
    });
    return;
  }
  const [verb, second] = VERBS.filter(({ name }) => name in node);
  if (!verb) checkVerbless(node, pointer, report);
  else if (second) {
    report.error(
      childPointer(pointer, second.name),
      `A step has one verb, and this one has "${verb.name}" and "${second.name}". Make two steps of it.`,
      { onKey: true },
    );
  } else checkWithVerb(verb, grammar, node, pointer, report);
}

function checkWithVerb(verb: Verb, grammar: Grammar, node: Json, pointer: string, report: Report): void {
  const fields = stepFields(verb, grammar, true);
  const misplaced = MODIFIERS.filter(
    ({ name }) => !verb.modifiers.includes(name) && isJsonObject(node) && name in node,
  );
  for (const { name } of misplaced) {
    report.error(
      childPointer(pointer, name),
      `"${name}" belongs to ${EFFECTS.map((effect) => effect.name).join(' and ')} steps; a ${verb.name} step takes: ${Object.keys(fields).join(', ')}.`,
      { onKey: true },
    );
  }
  const rest = Object.entries(node as object).filter(([key]) => !misplaced.some(({ name }) => name === key));
  checkMap(`a ${verb.name} step`, fields, Object.fromEntries(rest) as Json, pointer, report);
}

function checkVerbless(node: { readonly [key: string]: Json }, pointer: string, report: Report): void {
  const names = VERBS.map(({ name }) => name);
  const known = new Set(['id', ...MODIFIERS.map(({ name }) => name)]);
  for (const key of Object.keys(node)) {
    if (known.has(key) || !nearest(key, names)) continue;
    report.error(
      childPointer(pointer, key),
      `"${key}" is not a known verb; a step has one of: ${verbNames()}.${didYouMean(key, names)}`,
      { onKey: true },
    );
    return;
  }
  report.error(pointer, `This step has no verb; give it one of: ${verbNames()}.`);
}

function verbNames(): string {
  return VERBS.map(({ name }) => name).join(', ');
}

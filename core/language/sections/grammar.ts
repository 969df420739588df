import type { Registry } from '../../kernel/registry.ts';
import type { Grammar } from '../grammar.ts';
import type { Field, Fields } from '../schema/field.ts';
import { EFFECTS } from '../verbs/all.ts';
import { authField } from './auth.ts';
import { stepsField, undoField } from './steps.ts';

/** The grammar of definitions, with the auth schemes and the step types of the plugins at hand. */
export function grammarOf(registry: Registry): Grammar {
  const known = grammars.get(registry);
  if (known) return known;
  const parts: { steps?: Field; undo?: Field; questions?: Readonly<Record<string, Fields>> } = {};
  const grammar: Grammar = {
    registry,
    auth: authField(registry),
    // Steps hold steps: these are made when they are first asked for.
    get steps() {
      return (parts.steps ??= stepsField(grammar));
    },
    get undoSteps() {
      return (parts.undo ??= undoField(grammar));
    },
    get questions() {
      return (parts.questions ??= questionsOf(grammar));
    },
  };
  grammars.set(registry, grammar);
  return grammar;
}

const grammars = new WeakMap<Registry, Grammar>();

function questionsOf(grammar: Grammar): Readonly<Record<string, Fields>> {
  const entries = EFFECTS.map((verb): [string, Fields] => [
    verb.name,
    { [verb.name]: verb.field(grammar), ...verb.companions?.(grammar) },
  ]);
  return Object.fromEntries(entries);
}

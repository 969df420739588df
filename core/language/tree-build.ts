import { StepFault } from '../kernel/errors.ts';
import type { Json } from '../kernel/json.ts';
import { ABSENT, type Evaluator, type Scope } from './plan.ts';
import type { Leaf } from './template/leaf.ts';
import { setOwn, show } from './template/values.ts';

/** A compiled part of a tree. `value` is set where it is the same always. */
export interface Branch {
  readonly evaluate: Evaluator;
  readonly value?: Json;
}

/** Where in a tree the compiler is. `bound` are the names that the `$map`s around it define. */
export interface Place {
  readonly pointer: string;
  readonly bound: readonly string[];
  readonly depth: number;
}

/** `onKey`: the text is a key. `guarded`: it is a condition, in which a missing value is false. */
export interface LeafUse {
  readonly onKey?: true;
  readonly guarded?: true;
}

/** What operators need of the compiler of the tree around them. */
export interface Builder {
  /** Compiles a member of the node at `place`, with one more name bound in it. */
  member(node: Json, key: string | number, place: Place, bind?: string): Branch;
  /** Compiles one text. A mistake in it is a finding, and the text then counts as a literal. */
  leaf(text: string, place: Place, as?: LeafUse): Leaf;
  /** Notes a mistake. */
  find(pointer: string, message: string, onKey?: true): void;
}

/** A key and its value. `literal` is set where the key holds no template. */
export interface Entry {
  readonly literal: string | undefined;
  readonly key: Evaluator;
  /** The key as written. */
  readonly text: string;
  readonly evaluate: Evaluator;
}

/** Evaluates items in order; absent ones are left out. */
export function listEvaluator(items: readonly Evaluator[]): Evaluator {
  return (scope) => {
    const out: Json[] = [];
    for (const item of items) {
      const value = item(scope);
      if (value !== ABSENT) out.push(value);
    }
    return out;
  };
}

/** Evaluates keys and values in order; entries of which one is absent are left out. */
export function mapEvaluator(entries: readonly Entry[]): Evaluator {
  return (scope) => {
    const out: Record<string, Json> = {};
    for (const entry of entries) {
      const key = entry.literal ?? keyOf(entry, out, scope);
      if (key === undefined) continue;
      const value = entry.evaluate(scope);
      if (value !== ABSENT) setOwn(out, key, value);
    }
    return out;
  };
}

function keyOf(entry: Entry, out: Readonly<Record<string, Json>>, scope: Scope): string | undefined {
  const key = entry.key(scope);
  if (key === ABSENT) return undefined;
  if (typeof key === 'object')
    throw new StepFault('config', `The key ${entry.text} is ${show(key)}; a key must be text.`);
  const text = String(key);
  if (Object.hasOwn(out, text)) {
    throw new StepFault('config', `The key ${entry.text} is "${text}", which the map has already.`);
  }
  return text;
}

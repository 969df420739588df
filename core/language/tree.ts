import type { Json } from '../kernel/json.ts';
import { isJsonObject, pointerSegment } from '../kernel/json.ts';
import type { Evaluator } from './plan.ts';
import { type Leaf, type LeafOptions, type Reference, TemplateError, parseLeaf } from './template/leaf.ts';
import { setOwn } from './template/values.ts';
import {
  type Branch,
  type Builder,
  type Entry,
  type LeafUse,
  type Place,
  listEvaluator,
  mapEvaluator,
} from './tree-build.ts';
import { compileOperator, operatorsOf } from './tree-operators.ts';

/** A mistake in a tree, where it stands. `offset` counts within the leaf's, or with `onKey` the key's, text. */
export interface TreeFinding {
  readonly pointer: string;
  readonly offset: number;
  readonly message: string;
  readonly onKey?: boolean;
}

/** A variable that a tree names. `bound` are the names that the `$map`s around it define. */
export interface TreeReference extends Reference {
  readonly pointer: string;
  readonly bound: readonly string[];
}

export interface Tree {
  readonly evaluate: Evaluator;
  readonly references: readonly TreeReference[];
  readonly helpers: readonly string[];
  /** No template in it. */
  readonly constant: boolean;
}

export interface TreeOptions {
  /** Where the tree stands in its document. */
  readonly pointer?: string;
  /** `drop`: every value may be absent and drops its key, as in a form action's `input`. */
  readonly absent?: 'drop';
}

const DEPTH_LIMIT = 100;

/**
 * Compiles a value with templates in it. A list or map is built member by member, never by joining text; members
 * that are absent are left out. Mistakes are added to `findings`, and the rest is compiled all the same.
 */
export function compileTree(node: Json, findings: TreeFinding[], options: TreeOptions = {}): Tree {
  const compiler = new TreeCompiler(findings, options);
  const branch = compiler.branch(node, { pointer: options.pointer ?? '', bound: [], depth: 0 });
  return {
    evaluate: branch.evaluate,
    references: compiler.references,
    helpers: [...compiler.helpers],
    constant: !compiler.dynamic,
  };
}

class TreeCompiler implements Builder {
  readonly references: TreeReference[] = [];
  readonly helpers = new Set<string>();
  dynamic = false;
  readonly #findings: TreeFinding[];
  readonly #leafOptions: LeafOptions;

  constructor(findings: TreeFinding[], options: TreeOptions) {
    this.#findings = findings;
    this.#leafOptions = options.absent === 'drop' ? { absent: 'drop' } : {};
  }

  branch(node: Json, place: Place): Branch {
    if (place.depth > DEPTH_LIMIT) {
      this.find(place.pointer, `Values are nested deeper than ${DEPTH_LIMIT} levels.`);
      return constant(null);
    }
    if (typeof node === 'string') return this.#leafBranch(this.leaf(node, place));
    if (Array.isArray(node)) return this.#list(node as readonly Json[], place);
    if (!isJsonObject(node)) return constant(node);
    const operators = operatorsOf(node);
    return operators.length > 0 ? compileOperator(this, node, operators, place) : this.#map(node, place);
  }

  member(node: Json, key: string | number, place: Place, bind?: string): Branch {
    return this.branch(node, {
      pointer: place.pointer + pointerSegment(key),
      bound: bind === undefined ? place.bound : [...place.bound, bind],
      depth: place.depth + 1,
    });
  }

  leaf(text: string, place: Place, { onKey, guarded }: LeafUse = {}): Leaf {
    try {
      const leaf = parseLeaf(text, guarded ? { absent: 'drop' } : this.#leafOptions);
      if (leaf.shape !== 'literal') this.dynamic = true;
      for (const name of leaf.helpers) this.helpers.add(name);
      for (const reference of leaf.references) {
        this.references.push({
          ...reference,
          guarded: reference.guarded || guarded === true,
          pointer: place.pointer,
          bound: place.bound,
        });
      }
      return leaf;
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#findings.push({
        pointer: place.pointer,
        offset: error.offset,
        message: error.message,
        ...(onKey && { onKey }),
      });
      return {
        shape: 'literal',
        literal: text,
        evaluate: () => text,
        references: [],
        helpers: [],
        startsWithExpression: false,
      };
    }
  }

  find(pointer: string, message: string, onKey?: true): void {
    this.#findings.push({ pointer, offset: 0, message, ...(onKey && { onKey }) });
  }

  #leafBranch(leaf: Leaf): Branch {
    return leaf.literal === undefined ? { evaluate: leaf.evaluate } : constant(leaf.literal);
  }

  #list(items: readonly Json[], place: Place): Branch {
    const branches = items.map((item, i) => this.member(item, i, place));
    if (branches.every(isConstant)) return constant(branches.map((branch) => branch.value));
    return { evaluate: listEvaluator(branches.map((branch) => branch.evaluate)) };
  }

  #map(node: Readonly<Record<string, Json>>, place: Place): Branch {
    const fixed: Record<string, Json> = {};
    let same = true;
    const entries = Object.entries(node).map(([written, value]): Entry => {
      const key = this.#key(written, { ...place, pointer: place.pointer + pointerSegment(written) });
      const branch = this.member(value, written, place);
      if (key.literal !== undefined && isConstant(branch)) setOwn(fixed, key.literal, branch.value);
      else same = false;
      return { literal: key.literal, key: key.evaluate, text: written, evaluate: branch.evaluate };
    });
    return same ? constant(fixed) : { evaluate: mapEvaluator(entries) };
  }

  /** `$$` at the beginning of a key is a `$`. */
  #key(written: string, place: Place): Leaf {
    return this.leaf(written.startsWith('$$') ? written.slice(1) : written, place, { onKey: true });
  }
}

function isConstant(branch: Branch): branch is Branch & { value: Json } {
  return branch.value !== undefined;
}

/** One value for all evaluations, so nobody may change it. */
function constant(value: Json): Branch {
  Object.freeze(value);
  return { value, evaluate: () => value };
}

import { basename } from 'node:path';
import { notFound } from '../../kernel/errors.ts';
import type { Directory } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import type { DefinitionSource, Finding } from '../../language/source.ts';

/** What compiling a definition gives; no plan where a finding is an error. */
export interface Compiled {
  readonly plan?: Plan | undefined;
  readonly findings: readonly Finding[];
}

export type Compile = (source: DefinitionSource) => Compiled;

/** A definition that was found at start, working or broken. */
export interface Definition extends Compiled {
  readonly id: string;
  readonly source: DefinitionSource;
}

const KEPT_PLANS = 1000;

/**
 * The definitions this process serves, and every version that a run may have pinned. A broken file is listed as broken
 * and hurts nobody else.
 */
export class Catalogue {
  readonly #definitions: ReadonlyMap<string, Definition>;
  readonly #plans = new Map<string, Plan>();
  readonly #compile: Compile;
  readonly #directory: Pick<Directory, 'definition'>;

  private constructor(
    definitions: readonly Definition[],
    compile: Compile,
    directory: Pick<Directory, 'definition'>,
  ) {
    this.#definitions = new Map(definitions.map((definition) => [definition.id, definition]));
    this.#compile = compile;
    this.#directory = directory;
    for (const { plan } of definitions) if (plan) this.#plans.set(plan.hash, plan);
  }

  /** Compiles the definitions and records the text of those that work, so that runs can pin it. */
  static async open(
    sources: readonly DefinitionSource[],
    compile: Compile,
    directory: Pick<Directory, 'definition' | 'addDefinitions'>,
  ): Promise<Catalogue> {
    const definitions = withoutTwins(sources.map((source) => compiled(source, compile)));
    await directory.addDefinitions(
      definitions.flatMap(({ plan, source }) =>
        plan
          ? [
              {
                hash: plan.hash,
                definition: plan.id,
                version: plan.version,
                kind: plan.kind,
                file: source.file,
                source: source.text,
                files: source.files ?? {},
              },
            ]
          : [],
      ),
    );
    return new Catalogue(definitions, compile, directory);
  }

  all(): readonly Definition[] {
    return [...this.#definitions.values()];
  }

  /** Throws NOT_FOUND. */
  get(id: string): Definition {
    const found = this.#definitions.get(id);
    if (!found) throw notFound('definition');
    return found;
  }

  /** The plan that new runs are made with; undefined where there is none, or it is broken. */
  plan(id: string): Plan | undefined {
    return this.#definitions.get(id)?.plan;
  }

  ids(): string[] {
    return this.all().flatMap(({ id, plan }) => (plan ? [id] : []));
  }

  /** The plan of exactly this text; undefined where it was never recorded, or does not compile any more. */
  async planByHash(hash: string): Promise<Plan | undefined> {
    const known = this.#plans.get(hash);
    if (known) return known;
    const stored = await this.#directory.definition(hash);
    if (!stored) return undefined;
    const { plan } = this.#compile({ file: stored.file, text: stored.source, files: stored.files });
    if (plan) {
      const [oldest] = this.#plans.keys();
      if (this.#plans.size >= KEPT_PLANS + this.#definitions.size && oldest) this.#plans.delete(oldest);
      this.#plans.set(hash, plan);
    }
    return plan;
  }

  /** Findings of a text that stands in for the definition's own. */
  lint(definition: Definition, text?: string): readonly Finding[] {
    return text === undefined ? definition.findings : this.#compile({ ...definition.source, text }).findings;
  }
}

function compiled(source: DefinitionSource, compile: Compile): Definition {
  const result = compile(source);
  return { ...result, source, id: result.plan?.id ?? basename(source.file).replace(/\.ya?ml$/, '') };
}

/** Of two files with one id the first serves; the other is listed, broken, under its file's name. */
function withoutTwins(definitions: readonly Definition[]): Definition[] {
  const byId = new Map<string, Definition>();
  for (const definition of definitions) {
    const first = byId.get(definition.id);
    if (!first) {
      byId.set(definition.id, definition);
      continue;
    }
    const message = `The id "${definition.id}" is taken by ${first.source.file}. Give this one another id and file name.`;
    const finding = {
      severity: 'error',
      file: definition.source.file,
      line: 1,
      column: 1,
      path: 'id',
      message,
    } as const;
    const id = definition.source.file;
    byId.set(id, { id, source: definition.source, findings: [...definition.findings, finding] });
  }
  return [...byId.values()];
}

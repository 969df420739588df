import { Type, type TSchema } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { AuthScheme } from '../../kernel/plugin.ts';
import type { Registry } from '../../kernel/registry.ts';
import { condition, tree } from '../compile/strict.ts';
import { urlLeaf } from '../encode-leaf.ts';
import { childPointer } from '../load/document.ts';
import type { AuthChoice } from '../plan.ts';
import type { Report } from '../report.ts';
import { CONDITION } from '../schema/basics.ts';
import { checkTemplated } from '../schema/check-templated.ts';
import { checkField, field, notYet, type Field } from '../schema/field.ts';
import { unknownKey } from '../schema/messages.ts';
import { kindOf, show } from '../schema/show.ts';
import type { Place, PlaceContext } from '../scope/place.ts';
import { TemplateError } from '../template/template-error.ts';

/** Schemes that the language has and this version has not. */
const LATER_SCHEMES = ['digest', 'jwt', 'login', 'awsSigV4', 'mtls'];

/** One alternative of `auth`: the scheme that is used where its condition holds. */
export interface WrittenAuth {
  readonly if?: { readonly node: Json; readonly pointer: string };
  readonly scheme: string;
  readonly config: JsonObject;
  /** Of the scheme's keys. */
  readonly pointer: string;
}

/** `auth` of a definition or a request: `none`, one scheme, or a list of `{if?, scheme}`. */
export function authField(registry: Registry): Field {
  const one = Type.Union([Type.Literal('none'), ...registry.authSchemes().map(schemeSchema)]);
  const schema = Type.Union([
    one,
    Type.Array(Type.Object({ if: Type.Optional(CONDITION.schema) }), { minItems: 1 }),
  ]);
  return field(schema, (node, pointer, report) => {
    if (!Array.isArray(node)) {
      checkOne(registry, node, pointer, report);
      return;
    }
    if (node.length === 0)
      report.error(pointer, 'The list of auth schemes is empty; write "auth: none" where there is none.');
    for (const [i, item] of (node as readonly Json[]).entries())
      checkAlternative(registry, item, childPointer(pointer, i), report);
  });
}

function schemeSchema({ name, config, summary }: AuthScheme): TSchema {
  return Type.Object(
    { [name]: Type.Unsafe({ ...config, description: summary }) },
    { additionalProperties: false },
  );
}

function checkAlternative(registry: Registry, item: Json, pointer: string, report: Report): void {
  if (!isJsonObject(item)) {
    report.error(
      pointer,
      `${show(item)} is ${kindOf(item)}; an alternative is a map of "if" and one scheme.`,
    );
    return;
  }
  const { if: when, ...rest } = item;
  if (when !== undefined) checkField(CONDITION, when, childPointer(pointer, 'if'), report);
  const nested = 'scheme' in rest && Object.keys(rest).length === 1;
  checkOne(
    registry,
    nested ? (rest['scheme'] ?? null) : rest,
    nested ? childPointer(pointer, 'scheme') : pointer,
    report,
  );
}

function checkOne(registry: Registry, node: Json, pointer: string, report: Report): void {
  const names = [...new Set(['none', ...registry.authSchemes().map(({ name }) => name)])];
  if (node === 'none') return;
  if (!isJsonObject(node)) {
    report.error(
      pointer,
      `${show(node)} is ${kindOf(node)}; auth must be "none", or a map of one scheme of: ${names.join(', ')}.`,
    );
    return;
  }
  const [scheme, second] = Object.keys(node);
  if (scheme === undefined) {
    report.error(pointer, `No scheme is named; write one of: ${names.join(', ')}.`);
    return;
  }
  const here = childPointer(pointer, scheme);
  const later = Object.keys(node).find((name) => LATER_SCHEMES.includes(name) && !names.includes(name));
  if (later !== undefined) {
    const instead = `this version has: ${names.join(', ')}.`;
    report.error(childPointer(pointer, later), notYet(`The auth scheme "${later}"`, instead), {
      onKey: true,
    });
  } else if (second !== undefined) {
    report.error(
      childPointer(pointer, second),
      `Only one scheme stands here, and there are "${scheme}" and "${second}". For alternatives write a list of { if, ${scheme} }.`,
      { onKey: true },
    );
  } else if (!names.includes(scheme)) {
    report.error(here, unknownKey(scheme, names, 'auth'), { onKey: true });
  } else if (scheme !== 'none') {
    checkTemplated(registry.authScheme(scheme).config, node[scheme] ?? null, here, report, scheme);
  }
}

/** What was written under `auth`, in one form. Malformed parts are left out: they have been reported. */
export function writtenAuth(node: Json | undefined, pointer: string): WrittenAuth[] {
  if (Array.isArray(node)) {
    return (node as readonly Json[]).flatMap((item, i) => {
      const here = childPointer(pointer, i);
      if (!isJsonObject(item)) return item === 'none' ? [{ scheme: 'none', config: {}, pointer: here }] : [];
      const { if: when, ...rest } = item;
      const nested = 'scheme' in rest;
      const schemes = writtenAuth(
        nested ? rest['scheme'] : rest,
        nested ? childPointer(here, 'scheme') : here,
      );
      const wanted = when === undefined ? {} : { if: { node: when, pointer: childPointer(here, 'if') } };
      return schemes.map((scheme) => ({ ...scheme, ...wanted }));
    });
  }
  if (node === 'none') return [{ scheme: 'none', config: {}, pointer }];
  if (!isJsonObject(node)) return [];
  return Object.entries(node).map(([scheme, config]) => ({
    scheme,
    config: isJsonObject(config) ? config : {},
    pointer: childPointer(pointer, scheme),
  }));
}

export function authPlaces(node: Json | undefined, pointer: string, context: PlaceContext): Place[] {
  return writtenAuth(node, pointer).flatMap((written) => [
    // Which of several secrets was given may decide the scheme.
    ...(written.if ? [{ ...context, ...written.if, form: 'condition' as const, secrets: true }] : []),
    { ...context, pointer: written.pointer, node: written.config, form: 'tree' as const, secrets: true },
  ]);
}

/**
 * Compiles `auth`. Keys that a scheme takes from the operator's values (`appDefaults`) are filled in where the
 * author leaves them out.
 * @returns an empty list for `none`
 */
export function compileAuth(node: Json | undefined, pointer: string, registry: Registry): AuthChoice[] {
  const written = writtenAuth(node, pointer);
  if (written.every(({ scheme, if: when }) => scheme === 'none' && !when)) return [];
  return written.map((alternative) => {
    const { scheme, config, pointer: here } = alternative;
    const filled = {
      ...(scheme === 'none' ? {} : appDefaults(registry.authScheme(scheme), config)),
      ...config,
    };
    const choice = { scheme, guarded: namesHost(config), config: tree(filled, here) };
    return alternative.if
      ? { ...choice, if: condition(alternative.if.node, alternative.if.pointer) }
      : choice;
  });
}

/** True where a value that is not the operator's stands in the host of one of the scheme's addresses. */
function namesHost(config: JsonObject): boolean {
  return Object.entries(config).some(
    ([key, node]) => /url$/i.test(key) && (typeof node === 'string' ? namesItsHost(node) : node !== null),
  );
}

function namesItsHost(url: string): boolean {
  try {
    const { guarded, references } = urlLeaf(url);
    return guarded && !references.every(({ path }) => path[0] === 'app');
  } catch (error) {
    if (error instanceof TemplateError) return true;
    throw error;
  }
}

/** The keys that a scheme takes from `app`, as templates. */
function appDefaults(scheme: AuthScheme, config: JsonObject): JsonObject {
  const taken = (scheme.appDefaults ?? []).filter((name) => !(name in config));
  return Object.fromEntries(taken.map((name) => [name, `{{ optional app.${name} }}`]));
}

import { SluiceError, type Violation } from '../../kernel/errors.ts';
import { isJsonObject, pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { Plan } from '../../language/plan.ts';
import { formatFinding } from '../../language/source.ts';
import type { Catalogue } from '../definitions/catalogue.ts';

/** Throws EGRESS_REFUSED (or any SluiceError) for a URL that requests may not go to. */
export type CheckUrl = (url: URL) => void;

/** The definition that a body names. Throws VALIDATION_FAILED with the nearest known one, DEFINITION_INVALID for a broken one. */
export function planNamed(
  catalogue: Catalogue,
  id: string,
  { path, kind }: { readonly path: string; readonly kind?: Plan['kind'] } = { path: '/definition' },
): Plan {
  const fits = (plan: Plan | undefined): boolean => kind === undefined || plan?.kind === kind;
  const plan = catalogue.plan(id);
  if (plan && fits(plan)) return plan;
  const broken = catalogue.all().find((definition) => definition.id === id && !definition.plan);
  if (broken) {
    const errors = broken.findings.map((finding) => ({
      path,
      message: formatFinding(finding),
    }));
    throw new SluiceError('DEFINITION_INVALID', `The definition "${id}" has errors and cannot be used.`, {
      errors,
    });
  }
  const ids = catalogue.ids().filter((known) => fits(catalogue.plan(known)));
  const message = `There is no ${kind ?? 'definition'} "${id}".${didYouMean(id, ids) || ` There are ${ids.join(', ') || 'none'}.`}`;
  throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path, message }] });
}

/**
 * A configuration as the definition wants it, defaults filled. URLs in it are checked as far as they can be without
 * the network; what their names resolve to is checked when a request is sent.
 * @throws SluiceError VALIDATION_FAILED with pointers below `/config`; EGRESS_REFUSED where a URL is all that is wrong
 */
export function completeConfig(plan: Plan, config: JsonObject, checkUrl: CheckUrl): JsonObject {
  const fromTokens = readOnlyKeys(plan).filter((key) => Object.hasOwn(config, key));
  const { value, violations } = plan.connection.complete(config);
  const errors: Violation[] = [
    ...fromTokens.map((key) => ({
      path: `/config${pointerSegment(key)}`,
      message: `"${key}" comes with the authorisation and cannot be given.`,
    })),
    ...violations.map(({ path, message }) => ({ path: `/config${path}`, message })),
  ];
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
  const refused = urlsOf(value, '/config').flatMap(([path, url]) => refusal(path, url, checkUrl));
  if (refused.length > 0) throw new SluiceError('EGRESS_REFUSED', refused[0]!.message, { errors: refused });
  return value;
}

function readOnlyKeys(plan: Plan): string[] {
  const properties = plan.connection.json['properties'];
  if (!isJsonObject(properties)) return [];
  return Object.entries(properties).flatMap(([key, schema]) =>
    isJsonObject(schema) && schema['readOnly'] === true ? [key] : [],
  );
}

/** Texts that are web addresses, with their JSON Pointers. */
export function urlsOf(value: Json, path: string): [path: string, url: URL][] {
  if (typeof value === 'string') {
    return /^https?:\/\//i.test(value) && URL.canParse(value) ? [[path, new URL(value)]] : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const members = Array.isArray(value) ? value.entries() : Object.entries(value);
  return [...members].flatMap(([key, member]) => urlsOf(member as Json, path + pointerSegment(key)));
}

export function refusal(path: string, url: URL, checkUrl: CheckUrl): Violation[] {
  try {
    checkUrl(url);
    return [];
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return [{ path, message: error.message }];
  }
}

/** Takes the values at the definition's secret pointers out: what is left may be shown. */
export function splitSecrets(plan: Plan, config: JsonObject): { config: JsonObject; secrets: JsonObject } {
  const open = structuredClone(config) as Record<string, Json>;
  const secrets: Record<string, Json> = {};
  for (const pointer of plan.secrets.connection) {
    const path = pointer
      .slice(1)
      .split('/')
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    let here: Json | undefined = open;
    for (const key of path.slice(0, -1))
      here = isJsonObject(here) && Object.hasOwn(here, key) ? here[key] : undefined;
    const key = path.at(-1)!;
    if (!isJsonObject(here) || !Object.hasOwn(here, key)) continue;
    secrets[pointer] = here[key]!;
    delete (here as Record<string, Json>)[key];
  }
  return { config: open, secrets };
}

import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { ErrorObject, ValidateFunction } from 'ajv';

/** A request as it went over the wire. */
export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

interface Schema {
  readonly [key: string]: unknown;
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}

type PathItem = Operation & Readonly<Record<string, Operation | undefined>>;

interface Description {
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly parameters?: Readonly<Record<string, Parameter>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

/**
 * Checks requests against an OpenAPI 3.0 description: path, method, path and query parameters, content type, body.
 * Query parameters and form fields that the description does not name are refused. Secrets are not checked, only
 * that credentials are there.
 */
export class OpenApiChecker {
  readonly #description: Description;
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: false });
  readonly #coercing = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: true });

  constructor(file: URL) {
    this.#description = JSON.parse(readFileSync(file, 'utf8')) as Description;
    for (const ajv of [this.#ajv, this.#coercing])
      ajv.addSchema({ $id: 'description', ...this.#description });
  }

  /** What is wrong with the request, a sentence each; empty where it is as the description says. */
  check(request: WireRequest): string[] {
    const server = this.#description.servers[0]?.url.replace(/\/$/, '') ?? '';
    if (request.url.origin !== server) return [`The origin is ${request.url.origin}, not ${server}.`];
    const found = this.#find(request);
    if (!found) return [`There is no ${request.method} ${request.url.pathname}.`];
    const { item, operation, values } = found;
    const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) =>
      this.#resolve(one),
    );
    return [
      ...(request.headers['authorization'] === undefined ? ['There are no credentials.'] : []),
      ...this.#checkPath(parameters, values),
      ...this.#checkQuery(parameters, request.url.searchParams),
      ...this.#checkBody(operation, request),
    ];
  }

  #find({ method, url }: WireRequest) {
    const matches = Object.entries(this.#description.paths).flatMap(([template, item]) => {
      const operation = item[method.toLowerCase()];
      const values = operation && matchPath(template, url.pathname);
      return operation && values ? [{ template, item, operation, values }] : [];
    });
    // `{range}:append` is nearer than `{range}`: the template with more fixed text wins.
    return matches.sort((a, b) => fixedLength(b.template) - fixedLength(a.template))[0];
  }

  #resolve(parameter: Parameter): Parameter {
    const name = parameter.$ref?.split('/').at(-1);
    return name === undefined ? parameter : (this.#description.components.parameters?.[name] ?? parameter);
  }

  #checkPath(parameters: readonly Parameter[], values: Readonly<Record<string, string>>): string[] {
    return Object.entries(values).flatMap(([name, value]) => {
      const parameter = parameters.find((one) => one.in === 'path' && one.name === name);
      return this.#checkText(`path parameter ${name}`, parameter?.schema ?? {}, value);
    });
  }

  #checkQuery(parameters: readonly Parameter[], query: URLSearchParams): string[] {
    const declared = parameters.filter((one) => one.in === 'query');
    const missing = declared.filter((one) => one.required && !query.has(one.name));
    return [
      ...missing.map(({ name }) => `The query parameter ${name} is missing.`),
      ...[...query].flatMap(([name, value]) => {
        const parameter = declared.find((one) => one.name === name);
        return parameter
          ? this.#checkText(`query parameter ${name}`, parameter.schema ?? {}, value)
          : [`There is no query parameter ${name}.`];
      }),
    ];
  }

  #checkText(what: string, schema: Schema, value: string): string[] {
    // Wrapped, because only a member can be coerced from text.
    const validate = this.#compile(this.#coercing, { type: 'object', properties: { value: schema } });
    return validate({ value }) ? [] : explain(what, validate.errors);
  }

  #checkBody({ requestBody }: Operation, { headers, body }: WireRequest): string[] {
    if (!requestBody) return body === '' ? [] : ['There is a body, and none is described.'];
    if (body === '') return requestBody.required ? ['The body is missing.'] : [];
    const type = (headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
    const schema = requestBody.content[type]?.schema;
    if (!schema)
      return [
        `The content type is ${type || 'missing'}; described are: ${Object.keys(requestBody.content).join(', ')}.`,
      ];
    if (type === 'application/x-www-form-urlencoded')
      return this.#checkForm(schema, new URLSearchParams(body));
    const validate = this.#compile(this.#ajv, schema);
    return validate(JSON.parse(body)) ? [] : explain('body', validate.errors);
  }

  #checkForm(schema: Schema, form: URLSearchParams): string[] {
    const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
    const value = Object.fromEntries(
      [...new Set(form.keys())].map((name) => [
        name,
        properties[name]?.['type'] === 'array' ? form.getAll(name) : form.get(name),
      ]),
    );
    const closed = { ...schema, additionalProperties: schema['additionalProperties'] ?? false };
    const validate = this.#compile(this.#coercing, closed);
    return validate(value) ? [] : explain('form', validate.errors);
  }

  #compile(ajv: Ajv, schema: Schema): ValidateFunction {
    return ajv.compile(rebased(schema));
  }
}

/** References of the description are read from the description as a whole. */
function rebased(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"description#/')) as Schema;
}

function explain(what: string, errors: readonly ErrorObject[] | null | undefined): string[] {
  return (errors ?? []).map(
    ({ instancePath, message, params }) =>
      `The ${what}${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}

function matchPath(template: string, path: string): Record<string, string> | undefined {
  const names = [...template.matchAll(/\{(.+?)\}/g)].map((match) => match[1] ?? '');
  const pattern = template.split(/\{.+?\}/).map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const match = new RegExp(`^${pattern.join('([^/]+?)')}$`).exec(path);
  return match
    ? Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? '')]))
    : undefined;
}

function fixedLength(template: string): number {
  return template.replaceAll(/\{.+?\}/g, '').length;
}

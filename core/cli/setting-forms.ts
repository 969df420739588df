import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import ipaddr from 'ipaddr.js';
import { parse as parseYaml } from 'yaml';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import { messageOf } from '../kernel/errors.ts';

/**
 * One way to write a setting. `parse` returns the value, or throws an Error whose message says what is wrong with
 * the text; `accepted` is what the message ends with.
 */
export interface Form<T> {
  readonly accepted: string;
  /** Its value must not be repeated in a message. */
  readonly secret?: boolean;
  parse(text: string, cwd: string): T;
}

const refuse = (reason: string): never => {
  throw new Error(reason);
};

export const folder: Form<string> = {
  accepted: 'the path of a folder',
  parse: (text, cwd) => path.resolve(cwd, text),
};

export const folders: Form<readonly string[]> = {
  accepted: 'paths of folders that exist, with commas (or the separator of PATH) between them',
  parse(text, cwd) {
    if (text.trim() === '') return [];
    const isFolder = (place: string): boolean => existsSync(place) && statSync(place).isDirectory();
    const whole = path.resolve(cwd, text);
    if (isFolder(whole)) return [whole];
    const parts = text.split(path.delimiter === ';' ? /[,;]/ : /[,:]/).filter((part) => part.trim() !== '');
    const places = parts.map((part) => path.resolve(cwd, part.trim()));
    const wrong = places.find((place) => !isFolder(place));
    return wrong === undefined ? places : refuse(`there is no folder ${wrong}`);
  },
};

export const port: Form<number> = {
  accepted: 'a port number from 0 to 65535, where 0 takes a free one',
  parse: (text) =>
    /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : refuse('it is no port number'),
};

export const host: Form<string> = {
  accepted: 'an address or host name to listen on, such as 127.0.0.1 or 0.0.0.0',
  parse: (text) => (/^[\w.:-]+$/.test(text) ? text : refuse('it is no address')),
};

export const httpUrl: Form<string> = {
  accepted: 'an http:// or https:// URL, such as https://sluice.example.org',
  parse(text) {
    const url = parseUrl(text);
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return refuse(`its scheme is ${url.protocol}//`);
    if (url.search || url.hash) return refuse('it has a query or a fragment');
    return url.href.replace(/\/+$/, '');
  },
};

/** Kept as written: it is compared with the `iss` of tokens letter by letter (OpenID Connect Core, section 3.1.3.7). */
export const issuer: Form<string> = {
  accepted: 'the URL of the issuer as its tokens name it, such as https://login.example.org/realms/main',
  parse(text) {
    httpUrl.parse(text, '');
    return text;
  },
};

export const databaseUrl: Form<string> = {
  accepted: 'postgres://user:password@host:port/database',
  secret: true,
  parse(text) {
    const url = parseUrl(text);
    if (!/^postgres(ql)?:$/.test(url.protocol)) return refuse(`its scheme is ${url.protocol}//`);
    return text;
  },
};

/** By name. Which schemes there are, the plugins say. */
export const logShards: Form<Readonly<Record<string, string>>> = {
  accepted: 'name=url with commas between them, such as eu1=mysql://root:password@db1,eu2=mysql://root:password@db2',
  secret: true,
  parse(text) {
    const shards = new Map<string, string>();
    // A comma may stand in a URL as well: one that begins a shard has a name after it.
    for (const part of text.split(/,\s*(?=[\w-]+=)/)) {
      const [, name, url] = /^\s*([a-z][a-z0-9-]{0,62})=(.+?)\s*$/.exec(part) ?? [];
      if (name === undefined || url === undefined) return refuse('a part of it is not name=url, with a name of a-z, 0-9 and -');
      if (!URL.canParse(url)) return refuse(`what it gives for "${name}" is no URL`);
      if (shards.has(name)) return refuse(`it names "${name}" twice`);
      shards.set(name, url);
    }
    return Object.fromEntries(shards);
  },
};

/** A folder, too, is given on as a URL. Which protocols there are, the plugins say. */
export const objects: Form<string> = {
  accepted: 'a folder that exists, file:///folder?settle=PT5S, or the URL of a bucket such as s3://bucket/prefix',
  parse: (text, cwd) =>
    /^[a-z][a-z0-9+.-]+:/i.test(text) ? parseUrl(text).href : pathToFileURL(path.resolve(cwd, text)).href,
};

export const warehouse: Form<string> = {
  accepted: 'a URL such as duckdb:?memory=1GB&threads=4',
  secret: true,
  parse(text) {
    parseUrl(text);
    return text;
  },
};

/** Left as text: the store of keys takes it apart. The first wraps, those after it only open what they once wrapped. */
export const masterKey: Form<string> = {
  accepted: '32 bytes in base64 or hex, such as `openssl rand -base64 32` prints; older keys after commas',
  secret: true,
  parse(text) {
    for (const part of text.split(/[,\s]+/).filter(Boolean)) {
      const bytes = Buffer.from(part, /^[0-9a-fA-F]{64}$/.test(part) ? 'hex' : 'base64').length;
      if (bytes !== 32) refuse(`a key in it holds ${bytes} bytes`);
    }
    return text;
  },
};

export const key: Form<string> = {
  accepted: 'text without blanks, such as `openssl rand -hex 32` prints',
  secret: true,
  parse: (text) =>
    /^[\x21-\x7e]+$/.test(text) ? text : refuse('it holds blanks or characters beyond ASCII'),
};

export const word: Form<string> = {
  accepted: 'text without blanks',
  parse: (text) =>
    /^[\x21-\x7e]+$/.test(text) ? text : refuse('it holds blanks or characters beyond ASCII'),
};

export const networks: Form<readonly string[]> = {
  accepted: 'addresses or CIDR ranges with commas between them, such as 10.0.0.0/8,127.0.0.1',
  parse(text) {
    const parts = text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
    return parts.map((part) => {
      if (ipaddr.isValid(part)) return `${part}/${ipaddr.parse(part).kind() === 'ipv6' ? 128 : 32}`;
      return ipaddr.isValidCIDR(part) ? part : refuse(`"${part}" is neither`);
    });
  },
};

export const endpoints: Form<Readonly<Record<string, string>>> = {
  accepted: 'a JSON map of origin to origin, such as {"https://api.twilio.com":"http://127.0.0.1:4010"}',
  parse(text) {
    const map = parseMap(text);
    return Object.fromEntries(Object.entries(map).map(([from, to]) => [origin(from), origin(to)]));
  },
};

export const apps: Form<Readonly<Record<string, JsonObject>>> = {
  accepted:
    'a YAML or JSON file (or JSON itself): {"google-sheets": {"clientId": "...", "clientSecret": "..."}}',
  secret: true,
  parse(text, cwd) {
    const map = text.trimStart().startsWith('{') ? parseMap(text) : readMap(path.resolve(cwd, text));
    for (const [id, app] of Object.entries(map)) {
      if (!isJsonObject(app)) refuse(`what it says of "${id}" is no map`);
    }
    return map as Record<string, JsonObject>;
  },
};

export const logLevel: Form<string> = {
  accepted: 'one of trace, debug, info, warn, error, fatal, silent',
  parse: (text) =>
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(text)
      ? text
      : refuse('it is no level'),
};

export const compat: Form<'databalancer'> = {
  accepted: 'databalancer',
  parse: (text) => (text === 'databalancer' ? text : refuse('there is nothing of this name to be compatible with')),
};

function parseUrl(text: string): URL {
  return URL.canParse(text) ? new URL(text) : refuse('it is no URL');
}

function origin(text: unknown): string {
  if (typeof text !== 'string' || !URL.canParse(text)) return refuse(`${JSON.stringify(text)} is no origin`);
  const url = new URL(text);
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username;
  if (!bare || !/^https?:$/.test(url.protocol))
    return refuse(`"${text}" is no origin (scheme, host and port only)`);
  return url.origin;
}

function parseMap(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : refuse('it is no JSON map');
  } catch (error) {
    // The parser's message repeats the text, which may hold secrets.
    return error instanceof SyntaxError ? refuse('it is no JSON') : refuse(messageOf(error));
  }
}

function readMap(file: string): JsonObject {
  if (!existsSync(file)) return refuse(`there is no file ${file}`);
  try {
    const value: unknown = parseYaml(readFileSync(file, 'utf8'));
    return isJsonObject(value) ? value : refuse(`${file} holds no map`);
  } catch (error) {
    return error instanceof Error && error.name.startsWith('YAML')
      ? refuse(`${file} is neither YAML nor JSON`)
      : refuse(messageOf(error));
  }
}

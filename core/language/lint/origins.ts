import type { Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { Report } from '../report.ts';
import { requestOf } from '../verbs/request.ts';
import type { LintRule, Subject } from './subject.ts';

export const origins: LintRule = {
  name: 'origins',
  summary: 'Base URLs and paths that are none, and literal URLs outside of `baseUrl` and `egress`.',
  check(subject, report) {
    const { root, pipelines } = subject.outline;
    const base = root['baseUrl'];
    checkBase(base, report);
    for (const step of pipelines.flatMap(({ steps }) => steps)) {
      const { path, url } = requestOf(step.node);
      const place = childPointer(step.pointer, 'request');
      if (typeof path === 'string') checkPath(path, childPointer(place, 'path'), base, report);
      if (typeof url === 'string') checkUrl(url, childPointer(place, 'url'), subject, report);
    }
  },
};

function checkBase(base: Json | undefined, report: Report): void {
  if (typeof base !== 'string' || base.includes('{{')) return;
  if (!URL.canParse(base) || !/^https?:\/\//i.test(base)) {
    report.error('/baseUrl', `"${base}" is not a URL; write for example https://api.example.com/v1.`);
    return;
  }
  const { search, hash, username } = new URL(base);
  if (username) report.error('/baseUrl', 'The base URL holds credentials; they belong in auth.');
  else if (search || hash)
    report.error(
      '/baseUrl',
      `The base URL ends in "${search || hash}"; what every request sends belongs in query.`,
    );
}

function checkPath(path: string, pointer: string, base: Json | undefined, report: Report): void {
  if (/^https?:\/\//i.test(path))
    report.error(pointer, `"${path}" is a whole URL; write it as "url" instead of "path".`);
  else if (!path.startsWith('/'))
    report.error(pointer, `"${path}" must begin with "/": it is what follows baseUrl.`);
  else if (base === undefined)
    report.error(
      pointer,
      'A "path" is below baseUrl, and this definition has no baseUrl. Add one, or write "url".',
    );
  const hash = path.replaceAll(/\{\{.*?\}\}/gs, (template) => '_'.repeat(template.length)).indexOf('#');
  if (hash >= 0)
    report.error(pointer, 'A "#" in a path begins a fragment, which is never sent; write %23.', {
      offset: hash,
    });
}

function checkUrl(url: string, pointer: string, { outline: { root } }: Subject, report: Report): void {
  const origin = /^https?:\/\/[^/?#{}]+(?=[/?#]|$)/i.exec(url)?.[0];
  if (origin === undefined || !URL.canParse(origin)) return;
  const allowed = [
    root['baseUrl'],
    ...(Array.isArray(root['egress']) ? (root['egress'] as readonly Json[]) : []),
  ];
  if (allowed.some((pattern) => typeof pattern === 'string' && allows(pattern, origin))) return;
  const named = allowed
    .filter((pattern) => typeof pattern === 'string')
    .map((pattern) => originText(pattern));
  report.error(
    pointer,
    `${origin} is outside of what this definition may reach (${named.join(', ') || 'no baseUrl is given'}). Add it to egress: [${origin}].`,
  );
}

function originText(pattern: string): string {
  return /^https?:\/\/[^/?#]*/i.exec(pattern)?.[0] ?? pattern;
}

/** An expression inside a host stands for any labels; one at the start brings an origin of its own, not this one. */
function allows(pattern: string, origin: string): boolean {
  if (!pattern.includes('{{'))
    return URL.canParse(pattern) && new URL(pattern).origin === new URL(origin).origin;
  const host = originText(pattern);
  if (host === pattern && pattern.startsWith('{{')) return false;
  const parts = host.split(/\{\{.*?\}\}/s).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[a-z0-9.-]+')}$`, 'i').test(origin);
}

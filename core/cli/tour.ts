import path from 'node:path';

/**
 * The three commands a newcomer types first: a tenant, a form, a response. They are the README's, word for word
 * (test/architecture/generated-docs.test.ts), and need a shell and curl only.
 */
export function tourLines(url: string, rootKey: string): readonly string[] {
  const json = `-H 'Content-Type: application/json'`;
  return [
    `KEY=$(curl -s ${url}/v1/tenants -H "Authorization: Bearer ${rootKey}" ${json} -d '{"name":"Acme"}' | grep -o 'slk_[^"]*'); echo $KEY`,
    `FORM=$(curl -s ${url}/v1/forms -H "Authorization: Bearer $KEY" ${json} -d '{"title":"Sign up","questions":[{"key":"name","title":"Your name","type":"text","required":true}]}' | grep -o '"id":"[^"]*"' | head -1 | cut -d'"' -f4); echo $FORM`,
    `curl -s ${url}/v1/forms/$FORM/responses -H "Authorization: Bearer $KEY" ${json} -d '{"answers":{"name":"Ada"}}'`,
  ];
}

/** Reads the root key where `npm start` keeps it, unless the operator set one. */
export const ROOT_KEY_IN_SHELL = '${SLUICE_ROOT_KEY:-$(cat .sluice/root-key)}';

/** What `sluice start` prints once it serves. */
export function tour(at: {
  url: string;
  dataDir: string;
  newRootKey: string | undefined;
  ownKey: boolean;
}): string {
  const file = path.join(path.relative(process.cwd(), at.dataDir) || '.', 'root-key');
  const inShell = at.ownKey ? '$SLUICE_ROOT_KEY' : `$(cat ${file})`;
  const rootKey = at.newRootKey ? [`Root key (shown this once, kept in ${file}): ${at.newRootKey}`, ''] : [];
  return [
    `Sluice serves ${at.url}  (docs: ${at.url}/docs)`,
    '',
    ...rootKey,
    'Try it: a tenant, a form, a response.',
    '',
    ...tourLines(at.url, inShell).map((line) => `  ${line}`),
    '',
  ].join('\n');
}

import type { Response } from 'express';

/** Markup that is safe to send: everything put into it was escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Html | readonly Piece[] | undefined | false;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Template tag: values are escaped unless they are `Html`, lists are joined, undefined and false vanish. Not named
 * `html`, because formatters move the blanks of such templates, and in a cell or a message blanks count.
 */
export function markup(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(strings.map((text, i) => text + (i < pieces.length ? escaped(pieces[i]) : '')).join(''));
}

function escaped(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (piece instanceof Html) return piece.text;
  if (typeof piece === 'object') return piece.map((one) => escaped(one)).join('');
  return String(piece).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Seconds after which the browser loads the page again. A refresh needs no script. */
  readonly refresh?: number;
  readonly status?: number;
  /** Origins a form of this page may lead to beyond the sandbox's own. */
  readonly formTargets?: readonly string[];
}

/** Sends a page with a policy that allows no script at all. */
export function sendPage(res: Response, page: Page): void {
  const targets = ["'self'", ...(page.formTargets ?? [])].join(' ');
  res
    .status(page.status ?? 200)
    .set({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': `default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action ${targets}`,
    })
    .end(render(page));
}

function render(page: Page): string {
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${page.refresh !== undefined && markup`<meta http-equiv="refresh" content="${page.refresh}" />`}
        <title>${page.title}</title>
        <link rel="stylesheet" href="/_sandbox/style.css" />
      </head>
      <body>
        <nav>
          <a href="/">Sandbox</a><a href="/google/sheet/sandbox-sheet">Sheet</a
          ><a href="/twilio/phone">Phone</a
          ><a href="/aws/resources">Resources</a><a href="/_sandbox/requests">Webhooks</a
          ><a href="/_sandbox/state">State</a>
        </nav>
        <main>${page.body}</main>
      </body>
    </html> `.text;
}

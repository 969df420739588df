import type { Reply } from './route.ts';

/** A piece of HTML that is safe to insert as it is. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Insert = string | number | Html | readonly Html[] | undefined;

/** HTML with every inserted text escaped. Not named `html`: formatters rewrite such templates, and blanks count here. */
export function markup(parts: TemplateStringsArray, ...inserts: readonly Insert[]): Html {
  const text = (insert: Insert): string => {
    if (insert === undefined) return '';
    if (insert instanceof Html) return insert.text;
    if (typeof insert === 'object') return insert.map((piece) => piece.text).join('');
    return escape(String(insert));
  };
  return new Html(parts.reduce((whole, part, i) => whole + text(inserts[i - 1]) + part));
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = new Html(`<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
fieldset { border: 0; margin: 0 0 1.25rem; padding: 0; } legend, .title { font-weight: 600; padding: 0; display: block; }
input:not([type=radio]):not([type=checkbox]), textarea, select { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
label.option { display: block; } .error { color: #b00020; } .note { opacity: .75; font-size: .9rem; }
button { font: inherit; padding: .5rem 1.25rem; } code, pre { font: .9rem ui-monospace, monospace; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; } details { margin: .4rem 0; border-bottom: 1px solid #8884; padding-bottom: .4rem; }
table { border-collapse: collapse; } td { padding: .15rem .8rem .15rem 0; vertical-align: top; }
</style>`);

/** A whole page, without scripts. */
export function page(status: number, title: string, body: Html): Reply {
  const whole = markup`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>${STYLE}</head>
<body>${body}</body>
</html>
`;
  return { status, text: whole.text, type: 'text/html; charset=utf-8' };
}

type XmlValue = string | XmlElement | (string | XmlElement)[];
interface XmlElement {
  [key: string]: XmlValue;
}

interface Open {
  readonly name: string;
  readonly element: XmlElement;
  text: string;
}

const MAX_DEPTH = 512;
// One alternative a construct: comment, CDATA, processing instruction, tag, text. Sticky, so nothing is passed over.
const TOKEN =
  /<!--[^]*?-->|<!\[CDATA\[([^]*?)\]\]>|<\?[^]*?\?>|<(\/?)([^\s<>/!?"'=]+)((?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/**
 * Reads XML as the language shows it (LANGUAGE 4): elements are keys, repeated ones lists, attributes `@name`, the
 * text beside either `#text`; an element of text alone is that text. Document types, and so entities of their own,
 * are refused.
 * @throws Error naming what is wrong and where
 */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: '', element: newElement(), text: '' };
  const stack = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`there is no well-formed XML at character ${at + 1}.`);
    const [, cdata, slash, name, attributes, empty, chars] = match;
    const top = stack.at(-1)!;
    if (cdata !== undefined) top.text += cdata;
    else if (chars !== undefined) top.text += decodeEntities(chars);
    else if (name !== undefined && slash) close(stack, name);
    else if (name !== undefined) {
      const opened: Open = { name, element: attributesOf(attributes ?? ''), text: '' };
      if (stack.push(opened) > MAX_DEPTH) throw new Error(`it is nested deeper than ${MAX_DEPTH} levels.`);
      if (empty) close(stack, name);
    }
  }
  if (stack.length > 1) throw new Error(`<${stack.at(-1)!.name}> is not closed.`);
  if (root.text.trim() !== '' || Object.keys(root.element).length !== 1)
    throw new Error('it has no single root element.');
  return root.element;
}

// Without a prototype: an element may be called __proto__.
function newElement(): XmlElement {
  return Object.create(null) as XmlElement;
}

function close(stack: Open[], name: string): void {
  const closed = stack.pop()!;
  const parent = stack.at(-1);
  if (!parent || closed.name !== name)
    throw new Error(`</${name}> closes nothing; <${closed.name}> is open.`);
  const value = valueOf(closed);
  const known = parent.element[name];
  if (known === undefined) parent.element[name] = value;
  else if (Array.isArray(known)) known.push(value);
  else parent.element[name] = [known, value];
}

function valueOf({ element, text }: Open): string | XmlElement {
  if (Object.keys(element).length === 0) return text;
  if (text.trim() !== '') element['#text'] = text.trim();
  return element;
}

function attributesOf(text: string): XmlElement {
  const element = newElement();
  for (const [, name, double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    element[`@${name}`] = decodeEntities(double ?? single ?? '');
  }
  return element;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\u{fffd}';
    },
  );
}

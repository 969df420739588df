import { Document, isCollection, isMap, isSeq, parseDocument, visit, YAMLSeq, type Node } from 'yaml';
import type { JsonObject } from '../kernel/json.ts';

/** A collection that fits this many characters is written on one line, as people write exchanges. */
const ONE_LINE = 100;
const AS_WRITTEN = { lineWidth: 0, flowCollectionPadding: true } as const;

/**
 * A file of tests with one more at its end. What was there stays as it was, to the letter, wherever its tests are a
 * list in block style; in other styles its values and comments stay.
 * @param text of the file; empty for a new one
 */
export function withTest(text: string, test: JsonObject): string {
  const document = parseDocument(text);
  const list = isSeq(document.contents) ? document.contents : document.get('tests', true);
  if (isSeq(list) && !list.flow && list.items.length > 0 && list.range) return spliced(text, list.range[1], list, test);
  const item = nodeOf(test);
  if (isSeq(list)) {
    list.flow = false;
    list.items.push(item);
    return document.toString(AS_WRITTEN);
  }
  if (!isMap(document.contents)) return `${text}${new Document({ tests: sequenceOf(item) }).toString(AS_WRITTEN)}`;
  document.set('tests', sequenceOf(item));
  return document.toString(AS_WRITTEN);
}

/** Puts the test after the last one, indented as that is. */
function spliced(text: string, end: number, list: YAMLSeq, test: JsonObject): string {
  const [start = 0] = (list.items.at(-1) as Node).range ?? [];
  const dash = text.lastIndexOf('-', start - 1);
  const indent = ' '.repeat(dash - (text.lastIndexOf('\n', dash) + 1));
  const item = new Document(sequenceOf(nodeOf(test))).toString(AS_WRITTEN);
  const lines = item.trimEnd().split('\n').map((line) => (line === '' ? '' : indent + line));
  const before = text.slice(0, end);
  const gap = before.endsWith('\n') ? '\n' : '\n\n';
  return `${before}${gap}${lines.join('\n')}\n${text.slice(end)}`;
}

function sequenceOf(item: Node): YAMLSeq {
  const list = new YAMLSeq();
  list.add(item);
  return list;
}

function nodeOf(test: JsonObject): Node {
  const document = new Document(test, { aliasDuplicateObjects: false });
  visit(document, {
    Collection(_, node, path) {
      // The test itself and its list of exchanges stay open, however short they are.
      const isOpen = path.length <= 1 || (isSeq(node) && path.length === 3);
      if (isOpen || JSON.stringify(isCollection(node) ? node.toJS(document) : node).length > ONE_LINE) return undefined;
      node.flow = true;
      return visit.SKIP;
    },
  });
  return document.contents as Node;
}

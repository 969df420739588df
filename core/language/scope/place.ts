import type { Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { MapShape } from './shape.ts';

/** How the text or tree at a place is read. */
export type PlaceForm = 'tree' | 'condition' | 'leaf' | 'path' | 'url' | 'extractor';

/** A place of a definition where templates stand, and what they may name there. */
export interface Place {
  readonly pointer: string;
  readonly node: Json;
  readonly form: PlaceForm;
  readonly scope: MapShape;
  /** Secrets may stand here. */
  readonly secrets?: boolean;
  /** What to say of names that are known elsewhere, by their whole name. */
  readonly remarks?: Readonly<Record<string, string>>;
}

/** What the places of one step or section have in common. */
export type PlaceContext = Pick<Place, 'scope' | 'secrets' | 'remarks'>;

/** The place of one key of a map, where the key is there. */
export function placeOf(
  node: { readonly [key: string]: Json },
  pointer: string,
  key: string,
  form: PlaceForm,
  context: PlaceContext,
): Place[] {
  if (!Object.hasOwn(node, key)) return [];
  return [{ ...context, pointer: childPointer(pointer, key), node: node[key] ?? null, form }];
}

import type { Helper } from '../helper.ts';
import { encodings } from './encoding.ts';
import { lists } from './lists.ts';
import { logic } from './logic.ts';
import { maps } from './maps.ts';
import { numbers } from './numbers.ts';
import { texts } from './text.ts';
import { times } from './time.ts';

const all: readonly Helper[] = [...logic, ...lists, ...maps, ...texts, ...encodings, ...times, ...numbers];

/** The closed list of LANGUAGE 2, by name. */
export const HELPERS: ReadonlyMap<string, Helper> = new Map(all.map((helper) => [helper.name, helper]));

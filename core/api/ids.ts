import { notFound } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import type { Context } from './route.ts';

/** An id of the path. What is no id names nothing: NOT_FOUND, without asking the database. */
export function idIn({ params }: Context, noun: string, name = 'id'): string {
  const id = params[name] ?? '';
  if (!isUuid(id)) throw notFound(noun);
  return id;
}

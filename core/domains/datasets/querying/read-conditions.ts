import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel } from '../../../kernel/datasets.ts';
import { isJsonObject, pointerSegment, type Json } from '../../../kernel/json.ts';
import { show } from '../../../language/schema/show.ts';
import { columnValue } from './column-value.ts';
import type { Findings } from './findings.ts';
import type { Condition, Operator } from './question.ts';

/** What a list may hold; more is another way to ask for all. */
const MOST_VALUES = 1_000;

const OPERATORS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'isNull'];

/**
 * Reads `where`: a map from dimensions to a value, a list of values, null, or comparisons `{eq, ne, gt, gte, lt, lte, in,
 * isNull}`, all of which hold. Values are of the column's type.
 */
export function readConditions(
  where: Json | undefined,
  model: DatasetModel,
  columns: readonly Column[],
  findings: Findings,
): readonly Condition[] {
  if (where === undefined || where === null) return [];
  if (!isJsonObject(where)) {
    findings.add('/where', `Expected an object from dimensions to values, got ${show(where)}.`);
    return [];
  }
  return Object.entries(where).flatMap(([name, given]) => {
    const path = `/where${pointerSegment(name)}`;
    const column = columns.find((one) => one.name === name);
    if (column && model.dimensions.includes(name)) return readTerms(column, given, path, findings);
    findings.unknown(path, `dimension of the model "${model.name}"`, name, model.dimensions);
    return [];
  });
}

function readTerms(column: Column, given: Json, path: string, findings: Findings): readonly Condition[] {
  if (Array.isArray(given)) return readTerm(column, 'in', given, path, findings);
  if (!isJsonObject(given)) return readTerm(column, 'eq', given, path, findings);
  const entries = Object.entries(given);
  if (entries.length === 0) findings.add(path, `Expected at least one of ${OPERATORS.join(', ')}.`);
  return entries.flatMap(([operator, value]) => {
    const at = path + pointerSegment(operator);
    if (OPERATORS.includes(operator)) return readTerm(column, operator, value, at, findings);
    findings.unknown(at, 'comparison', operator, OPERATORS);
    return [];
  });
}

function readTerm(
  column: Column,
  written: string,
  given: Json,
  path: string,
  findings: Findings,
): readonly Condition[] {
  if (written === 'in') return readList(column, given, path, findings);
  if (written === 'isNull') {
    if (typeof given === 'boolean') return [{ column, operator: given ? 'isNull' : 'isNotNull', values: [] }];
    findings.add(path, `Expected true or false, got ${show(given)}.`);
    return [];
  }
  if (given === null) {
    if (written === 'eq' || written === 'ne')
      return [{ column, operator: written === 'eq' ? 'isNull' : 'isNotNull', values: [] }];
    findings.add(path, 'Nothing is greater or less than null; ask for isNull.');
    return [];
  }
  const value = columnValue(column, given);
  if ('bound' in value)
    return [{ column, operator: written === 'eq' ? 'in' : (written as Operator), values: [value.bound] }];
  findings.add(path, value.fault);
  return [];
}

function readList(column: Column, given: Json, path: string, findings: Findings): readonly Condition[] {
  const list = Array.isArray(given) ? (given as readonly Json[]) : undefined;
  if (!list || list.length > MOST_VALUES) {
    findings.add(
      path,
      `Expected a list of at most ${MOST_VALUES} values, got ${list ? `${list.length} of them` : show(given)}.`,
    );
    return [];
  }
  const values = list.flatMap((item, place): readonly Json[] => {
    const value = item === null ? { bound: null } : columnValue(column, item);
    if ('bound' in value) return [value.bound];
    findings.add(path + pointerSegment(place), value.fault);
    return [];
  });
  return [{ column, operator: 'in', values }];
}

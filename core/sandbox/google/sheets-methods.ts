import { formatBox } from './a1.ts';
import type { Box } from './a1.ts';
import { parseEntry } from './cell.ts';
import type { Rendering } from './cell.ts';
import { invalidArgument, invalidEnum } from './errors.ts';
import type { Grid, Written } from './grid.ts';
import { locate } from './spreadsheets.ts';
import type { Spreadsheet, Spreadsheets } from './spreadsheets.ts';

export interface Call {
  readonly spreadsheets: Spreadsheets;
  /** What the path's groups hold, decoded. */
  readonly params: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Method {
  readonly name: string;
  readonly verb: 'GET' | 'POST' | 'PUT';
  /** Matches what follows `/v4`, still percent-encoded. */
  readonly path: RegExp;
  readonly writes: boolean;
  readonly query: readonly string[];
  /** Names of the body's fields; undefined where there is no body. */
  readonly body?: readonly string[];
  run(call: Call): object;
}

const RENDERING = ['valueRenderOption', 'dateTimeRenderOption'];
const VALUE_RANGE = ['range', 'majorDimension', 'values'];
const UPDATE_QUERY = [
  'valueInputOption',
  'includeValuesInResponse',
  'responseValueRenderOption',
  'responseDateTimeRenderOption',
];

export const METHODS: readonly Method[] = [
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.CreateSpreadsheet',
    verb: 'POST',
    path: /^\/spreadsheets$/,
    writes: true,
    query: [],
    body: ['spreadsheetId', 'properties', 'sheets', 'namedRanges', 'spreadsheetUrl', 'developerMetadata'],
    run: createSpreadsheet,
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.GetSpreadsheet',
    verb: 'GET',
    path: /^\/spreadsheets\/([^/:]+)$/,
    writes: false,
    query: ['ranges', 'includeGridData', 'excludeTablesInBandedRanges'],
    run: ({ spreadsheets, params }) => describe(spreadsheets.open(params[0] ?? '')),
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.AppendValues',
    verb: 'POST',
    path: /^\/spreadsheets\/([^/]+)\/values\/([^/]+):append$/,
    writes: true,
    query: [...UPDATE_QUERY, 'insertDataOption'],
    body: VALUE_RANGE,
    run: appendValues,
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.ClearValues',
    verb: 'POST',
    path: /^\/spreadsheets\/([^/]+)\/values\/([^/]+):clear$/,
    writes: true,
    query: [],
    body: [],
    run: clearValues,
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.BatchUpdateValues',
    verb: 'POST',
    path: /^\/spreadsheets\/([^/]+)\/values:batchUpdate$/,
    writes: true,
    query: [],
    body: [
      'valueInputOption',
      'data',
      'includeValuesInResponse',
      'responseValueRenderOption',
      'responseDateTimeRenderOption',
    ],
    run: batchUpdateValues,
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.GetValues',
    verb: 'GET',
    path: /^\/spreadsheets\/([^/]+)\/values\/([^/]+)$/,
    writes: false,
    query: [...RENDERING, 'majorDimension'],
    run: getValues,
  },
  {
    name: 'google.apps.sheets.v4.SpreadsheetsService.UpdateValues',
    verb: 'PUT',
    path: /^\/spreadsheets\/([^/]+)\/values\/([^/]+)$/,
    writes: true,
    query: UPDATE_QUERY,
    body: VALUE_RANGE,
    run: updateValues,
  },
];

function createSpreadsheet({ spreadsheets, body }: Call): object {
  const title = titleOf(body, 'Untitled spreadsheet');
  const sheets = Array.isArray(body['sheets'])
    ? body['sheets'].map((sheet, i) => titleOf(sheet, `Sheet${i + 1}`))
    : [];
  return describe(spreadsheets.create(title, sheets.length > 0 ? sheets : ['Sheet1']));
}

function titleOf(holder: unknown, otherwise: string): string {
  const title = (holder as { properties?: { title?: unknown } } | null)?.properties?.title;
  return typeof title === 'string' && title !== '' ? title : otherwise;
}

function describe(spreadsheet: Spreadsheet): object {
  return {
    spreadsheetId: spreadsheet.id,
    properties: { title: spreadsheet.title, locale: 'en_US', autoRecalc: 'ON_CHANGE', timeZone: 'Etc/GMT' },
    sheets: spreadsheet.grids.map((grid, index) => ({
      properties: {
        sheetId: grid.sheetId,
        title: grid.title,
        index,
        sheetType: 'GRID',
        gridProperties: { rowCount: grid.rows, columnCount: grid.columns },
      },
    })),
    spreadsheetUrl: `https://docs.google.com/spreadsheets/d/${spreadsheet.id}/edit`,
  };
}

function getValues({ spreadsheets, params, query }: Call): object {
  const { grid, area } = locate(spreadsheets.open(params[0] ?? ''), params[1] ?? '');
  const dimension = parseDimension(query['majorDimension']);
  const rendering = parseRendering(query['valueRenderOption']);
  const box = grid.within(area);
  const values = grid.read(box, rendering, dimension === 'COLUMNS');
  return {
    range: formatBox(grid.title, box),
    majorDimension: dimension,
    ...(values.length > 0 && { values }),
  };
}

function updateValues({ spreadsheets, params, query, body }: Call): object {
  const entry = parseEntry(query['valueInputOption']);
  const spreadsheet = spreadsheets.open(params[0] ?? '');
  const { grid, area } = locate(spreadsheet, params[1] ?? '');
  checkRange(body, params[1] ?? '');
  const written = grid.update(area, readValues(body), entry);
  return updateAnswer(spreadsheet.id, grid, written, query);
}

function appendValues({ spreadsheets, params, query, body }: Call): object {
  const entry = parseEntry(query['valueInputOption']);
  const option = query['insertDataOption'] ?? 'OVERWRITE';
  if (option !== 'OVERWRITE' && option !== 'INSERT_ROWS') {
    throw invalidEnum('insert_data_option', 'AppendValuesRequest.InsertDataOption', option);
  }
  const spreadsheet = spreadsheets.open(params[0] ?? '');
  const { grid, area } = locate(spreadsheet, params[1] ?? '');
  const written = grid.append(area, readValues(body), entry, option === 'INSERT_ROWS');
  return {
    spreadsheetId: spreadsheet.id,
    ...(written.table && { tableRange: formatBox(grid.title, written.table) }),
    updates: updateAnswer(spreadsheet.id, grid, written, query),
  };
}

function clearValues({ spreadsheets, params }: Call): object {
  const spreadsheet = spreadsheets.open(params[0] ?? '');
  const { grid, area } = locate(spreadsheet, params[1] ?? '');
  return { spreadsheetId: spreadsheet.id, clearedRange: formatBox(grid.title, grid.clear(area)) };
}

function batchUpdateValues({ spreadsheets, params, body }: Call): object {
  const entry = parseEntry(
    typeof body['valueInputOption'] === 'string' ? body['valueInputOption'] : undefined,
  );
  const spreadsheet = spreadsheets.open(params[0] ?? '');
  const data = Array.isArray(body['data']) ? body['data'] : [];
  const answers = data.map((one: Readonly<Record<string, unknown>>) => {
    const { grid, area } = locate(spreadsheet, textOf(one['range']));
    return { grid, written: grid.update(area, readValues(one), entry) };
  });
  const responses = answers.map(({ grid, written }) => updateAnswer(spreadsheet.id, grid, written, {}));
  const sum = (pick: (written: Written) => number) =>
    answers.reduce((total, { written }) => total + pick(written), 0);
  return {
    spreadsheetId: spreadsheet.id,
    totalUpdatedRows: sum(({ box }) => box.bottom - box.top + 1),
    totalUpdatedColumns: sum(({ box }) => box.right - box.left + 1),
    totalUpdatedCells: sum(({ cells }) => cells),
    totalUpdatedSheets: new Set(answers.map(({ grid }) => grid.sheetId)).size,
    responses,
  };
}

function updateAnswer(
  spreadsheetId: string,
  grid: Grid,
  { box, cells }: Written,
  query: Readonly<Record<string, string>>,
): object {
  const updatedRange = formatBox(grid.title, box);
  if (cells === 0) return { spreadsheetId, updatedRange };
  return {
    spreadsheetId,
    updatedRange,
    updatedRows: box.bottom - box.top + 1,
    updatedColumns: box.right - box.left + 1,
    updatedCells: cells,
    ...(query['includeValuesInResponse'] === 'true' && { updatedData: updatedData(grid, box, query) }),
  };
}

function updatedData(grid: Grid, box: Box, query: Readonly<Record<string, string>>): object {
  const values = grid.read(box, parseRendering(query['responseValueRenderOption']), false);
  return { range: formatBox(grid.title, box), majorDimension: 'ROWS', values };
}

function checkRange(body: Readonly<Record<string, unknown>>, range: string): void {
  if (body['range'] !== undefined && body['range'] !== range) {
    throw invalidArgument(
      `Requested writing within range [${range}], but the body's range is [${textOf(body['range'])}]`,
    );
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '');
}

function readValues(body: Readonly<Record<string, unknown>>): unknown[][] {
  const values = body['values'] ?? [];
  if (!Array.isArray(values))
    throw invalidArgument(
      `Invalid value at 'data.values' (type.googleapis.com/google.protobuf.ListValue), ${JSON.stringify(values)}`,
    );
  const lines = values.map((line: unknown, i) => {
    if (Array.isArray(line)) return line as unknown[];
    throw invalidArgument(
      `Invalid value at 'data.values[${i}]' (type.googleapis.com/google.protobuf.ListValue), ${JSON.stringify(line)}`,
    );
  });
  const dimension = parseDimension(
    typeof body['majorDimension'] === 'string' ? body['majorDimension'] : undefined,
  );
  return dimension === 'COLUMNS' ? transpose(lines) : lines;
}

function transpose(lines: readonly (readonly unknown[])[]): unknown[][] {
  const width = Math.max(0, ...lines.map((line) => line.length));
  return Array.from({ length: width }, (_, i) => lines.map((line) => line[i] ?? null));
}

function parseDimension(text: string | undefined): 'ROWS' | 'COLUMNS' {
  if (text === undefined || text === '' || text === 'DIMENSION_UNSPECIFIED') return 'ROWS';
  if (text === 'ROWS' || text === 'COLUMNS') return text;
  throw invalidEnum('major_dimension', 'Dimension', text);
}

function parseRendering(text: string | undefined): Rendering {
  if (text === undefined || text === '') return 'FORMATTED_VALUE';
  if (text === 'FORMATTED_VALUE' || text === 'UNFORMATTED_VALUE' || text === 'FORMULA') return text;
  throw invalidEnum('value_render_option', 'ValueRenderOption', text);
}

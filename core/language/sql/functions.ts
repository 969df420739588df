/** Functions of models' SQL: of the same name and meaning in DuckDB and PostgreSQL, and exact in both. */
export const FUNCTION_GROUPS: Readonly<Record<string, readonly string[]>> = {
  values: [
    'abs',
    'coalesce',
    'date_trunc',
    'greatest',
    'least',
    'length',
    'lower',
    'mod',
    'nullif',
    'replace',
    'round',
    'upper',
  ],
  rows: ['bool_and', 'bool_or', 'count', 'max', 'min', 'sum'],
  windows: ['dense_rank', 'first_value', 'lag', 'last_value', 'lead', 'nth_value', 'ntile', 'rank', 'row_number'],
};

export const FUNCTIONS: ReadonlySet<string> = new Set(Object.values(FUNCTION_GROUPS).flat());

/** Written in a form of their own: `extract(year from day)`. */
export const SPECIAL_FORMS = ['case', 'cast', 'extract', 'position', 'substring', 'trim'];

const INEXACT = 'it gives an inexact number';
const OF_FILES = 'a model reads tables of the warehouse only';
const UNREPEATABLE = 'it gives another value each time, and a build that is repeated must give the same';

/** Why some are not there, by name. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  // Null is nothing to one and all to another.
  concat: 'warehouses do not agree on what it makes of null: write a || b',
  avg: `${INEXACT} even of integers: give sum and count, and divide when it is shown`,
  ...Object.fromEntries(
    [
      'mean',
      'median',
      'stddev',
      'stddev_samp',
      'stddev_pop',
      'variance',
      'var_samp',
      'var_pop',
      'percent_rank',
      'cume_dist',
      'quantile',
      'quantile_cont',
    ]
      .concat(
        'percentile_cont',
        'approx_quantile',
        'sqrt',
        'power',
        'pow',
        'ln',
        'log',
        'exp',
        'ceil',
        'ceiling',
        'floor',
        'trunc',
      )
      .map((name) => [name, INEXACT]),
  ),
  ...Object.fromEntries(
    [
      'read_csv',
      'read_csv_auto',
      'read_parquet',
      'parquet_scan',
      'read_json',
      'read_json_auto',
      'read_text',
      'read_blob',
      'glob',
      'query',
      'query_table',
      'postgres_scan',
      'sqlite_scan',
    ].map((name) => [name, OF_FILES]),
  ),
  ...Object.fromEntries(
    [
      'random',
      'setseed',
      'uuid',
      'gen_random_uuid',
      'now',
      'current_date',
      'current_timestamp',
      'localtimestamp',
      'today',
      'transaction_timestamp',
      'get_current_timestamp',
      'nextval',
    ].map((name) => [name, UNREPEATABLE]),
  ),
};

/** Fields of `extract` and intervals that are whole numbers everywhere. */
export const DATE_FIELDS = ['Year', 'Quarter', 'Month', 'Week', 'Day', 'Hour', 'Minute', 'Second'];

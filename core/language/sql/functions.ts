/** Functions of models' SQL: of the same name, values and exactness in DuckDB, PostgreSQL and Snowflake. */
export const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['abs', 'coalesce', 'concat', 'date_trunc', 'greatest', 'least', 'length', 'lower', 'mod', 'nullif', 'replace', 'round', 'upper'],
  ...['count', 'sum', 'min', 'max', 'bool_and', 'bool_or'],
  ...['row_number', 'rank', 'dense_rank', 'ntile', 'lag', 'lead', 'first_value', 'last_value', 'nth_value'],
]);

/** Written in a form of their own: `extract(year from day)`. */
export const SPECIAL_FORMS = ['case', 'cast', 'extract', 'position', 'substring', 'trim'];

const INEXACT = 'it gives an inexact number';
const OF_FILES = 'a model reads tables of the warehouse only';
const UNREPEATABLE = 'it gives another value each time, and a build that is repeated must give the same';

/** Why some are not there, by name. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  avg: `${INEXACT} even of integers: give sum and count, and divide when it is shown`,
  ...Object.fromEntries(
    ['mean', 'median', 'stddev', 'stddev_samp', 'stddev_pop', 'variance', 'var_samp', 'var_pop', 'percent_rank', 'cume_dist', 'quantile', 'quantile_cont']
      .concat('percentile_cont', 'approx_quantile', 'sqrt', 'power', 'pow', 'ln', 'log', 'exp', 'ceil', 'ceiling', 'floor', 'trunc')
      .map((name) => [name, INEXACT]),
  ),
  ...Object.fromEntries(
    ['read_csv', 'read_csv_auto', 'read_parquet', 'parquet_scan', 'read_json', 'read_json_auto', 'read_text', 'read_blob', 'glob', 'query', 'query_table', 'postgres_scan', 'sqlite_scan']
      .map((name) => [name, OF_FILES]),
  ),
  ...Object.fromEntries(
    ['random', 'setseed', 'uuid', 'gen_random_uuid', 'now', 'current_date', 'current_timestamp', 'localtimestamp', 'today', 'transaction_timestamp', 'get_current_timestamp', 'nextval']
      .map((name) => [name, UNREPEATABLE]),
  ),
};

/** Fields of `extract` and intervals that are whole numbers everywhere. */
export const DATE_FIELDS = ['Year', 'Quarter', 'Month', 'Week', 'Day', 'Hour', 'Minute', 'Second'];

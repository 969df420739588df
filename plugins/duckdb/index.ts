import { definePlugin } from '../../core/sdk.ts';
import { parseSettings } from './settings.ts';
import { DuckdbSession } from './session.ts';

export default definePlugin({
  type: 'warehouse',
  name: 'duckdb',
  summary: 'Parquet objects; DuckDB in memory builds them and answers queries over them.',
  protocols: ['duckdb:'],
  example: 'duckdb:?memory=1GB&threads=4',
  open: (url, { objects, scratch }) => new DuckdbSession(parseSettings(url), objects, scratch),
});

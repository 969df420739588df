import { definePlugin } from '../../core/sdk.ts';
import { openShard } from './shard.ts';

export default definePlugin({
  type: 'logStore',
  name: 'postgres',
  summary: 'Logs in PostgreSQL 15 or newer: a schema and two roles for each tenant, a table for each family.',
  protocols: ['postgres:', 'postgresql:'],
  example: 'postgres://sluice:secret@db1.example.com:5432/logs?sslmode=require',
  open: (url, { name }) => openShard(url, name),
});

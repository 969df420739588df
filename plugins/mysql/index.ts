import { definePlugin } from '../../core/sdk.ts';
import { openShard } from './shard.ts';

export default definePlugin({
  type: 'logStore',
  name: 'mysql',
  summary: 'Logs in MySQL 8 or MariaDB: a database and two users for each tenant, a table for each family.',
  protocols: ['mysql:', 'mariadb:'],
  example: 'mysql://root:secret@db1.example.com:3306?ssl=true',
  open: (url, { name }) => openShard(url, name),
});

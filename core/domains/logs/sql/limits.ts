/**
 * How large a query may be, so that no server refuses it for its size or dies of it. Each is below the least that MySQL 8,
 * MariaDB and PostgreSQL take.
 */

/** AND and OR along one path. Servers make lists of them: 500 are nothing to a server, and enough for us. */
export const MOST_CONDITIONS = 500;

/**
 * All other operations along one path. Servers compute them by recursion: MariaDB 10.11, whose threads have 292 KiB of
 * stack, does not check it while it divides decimals, and 400 divisions of divisions end its process with all that it serves.
 */
export const MOST_LEVELS = 100;

/** Tables of one SELECT: MySQL's and MariaDB's limit (error 1116). */
export const MOST_TABLES = 61;

/** Columns of one SELECT, with what it is ordered and grouped by: PostgreSQL has place for 1,664 (54011). */
export const MOST_COLUMNS = 1600;

/** Queries of one WITH: MariaDB takes 64 (error 4003). */
export const MOST_CTES = 60;

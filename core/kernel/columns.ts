/** Types of a dataset's columns (LANGUAGE 7). A decimal is exact; timestamps are UTC to microseconds. */
export const COLUMN_TYPES = ['text', 'integer', 'bigint', 'decimal', 'boolean', 'date', 'timestamp', 'json'] as const;
export type ColumnTypeName = (typeof COLUMN_TYPES)[number];

/** A column as declared: `decimal(12,2)?` is a nullable decimal of 12 digits, two of them behind the point. */
export interface Column {
  readonly name: string;
  readonly type: ColumnTypeName;
  readonly nullable: boolean;
  /** Of a decimal. */
  readonly precision?: number;
  readonly scale?: number;
}

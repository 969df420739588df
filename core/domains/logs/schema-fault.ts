/**
 * How a schema fails its events, for whoever has to say it in words of its own: a field has no type, or one that there is not.
 * The SluiceError that refuses them has it as its cause.
 */
export class SchemaFault {
  readonly family: string;
  readonly field: string;
  /** As the schema writes it; undefined where the field has none. */
  readonly type: string | undefined;

  constructor(family: string, field: string, type?: string) {
    this.family = family;
    this.field = field;
    this.type = type;
  }
}

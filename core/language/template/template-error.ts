/** A leaf that is no template of this language. Found while compiling, so that it never fails in a run. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** Where in the leaf's text the mistake stands, in UTF-16 units. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

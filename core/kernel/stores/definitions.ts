/** The exact text of a definition, so that a run can pin it. */
export interface DefinitionVersion {
  readonly hash: string;
  readonly definition: string;
  readonly version: string;
  readonly kind: string;
  readonly file: string;
  readonly source: string;
  /** Other files that it names, by their path beside it. */
  readonly files: Readonly<Record<string, string>>;
}

export interface DefinitionStore {
  /** Newest first. */
  versions(
    definition: string,
  ): Promise<readonly { readonly version: string; readonly hash: string; readonly createdAt: Date }[]>;
}

/** One page of a list, newest first. `after` is the id of the last item seen. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The id to go on after; undefined on the last page. */
  readonly next: string | undefined;
}

/** How lists are paged. */

export interface Page {
  /** Rows with an id greater than this; 0 from the start. */
  readonly after: number;
  readonly limit: number;
}

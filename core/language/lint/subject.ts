import type { Registry } from '../../kernel/registry.ts';
import type { Document } from '../load/document.ts';
import type { Outline } from '../outline.ts';
import type { Report } from '../report.ts';
import type { Place } from '../scope/place.ts';
import type { DefinitionSource } from '../source.ts';
import type { TreeFinding, TreeReference } from '../tree.ts';

/** A place with its templates read. */
export interface ReadPlace extends Place {
  readonly references: readonly TreeReference[];
  /** What keeps its templates from being read. */
  readonly mistakes: readonly TreeFinding[];
}

/** What rules look at. */
export interface Subject {
  readonly source: DefinitionSource;
  readonly document: Document;
  readonly outline: Outline;
  readonly places: readonly ReadPlace[];
  readonly registry: Registry;
}

/** One thing that lint looks for. A file a rule; all of them are in `all.ts`. */
export interface LintRule {
  readonly name: string;
  /** What it finds, for the documentation. */
  readonly summary: string;
  check(subject: Subject, report: Report): void;
}

import type { LintRule } from './subject.ts';

export const identity: LintRule = {
  name: 'identity',
  summary: 'An id that is not the name of its file.',
  check({ source, outline }, report) {
    const { id } = outline.root;
    const name = source.file.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, '');
    if (typeof id !== 'string' || id === name) return;
    report.error('/id', `The id "${id}" must equal the name of the file, "${name}". Rename one of them.`);
  },
};

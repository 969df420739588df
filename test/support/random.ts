/** Numbers that look random and are the same for the same seed. */
export { Random } from '../../core/domains/datasets/generating/random.ts';

import { DAY_MS, type Calendar } from './calendar.ts';
import { Random } from './random.ts';

export interface Product {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly createdAt: number;
  /** Days whose files bring it, with the title it has there. */
  readonly files: readonly { readonly day: number; readonly title: string }[];
}

export interface Variant {
  readonly id: string;
  readonly product: Product;
  readonly title: string;
  readonly createdAt: number;
  /** By time. */
  readonly versions: readonly VariantVersion[];
}

export interface VariantVersion {
  /** Cents. */
  readonly price: number;
  readonly updatedAt: number;
  /** The day whose file brings it; `late` where a newer version has come by then, or might have. */
  readonly file: number;
  readonly late: boolean;
}

const KINDS: readonly (readonly [type: string, title: string, price: number])[] = [
  ['Mugs', 'Mug "Morning", 0.3 l', 1290],
  ['Mugs', 'Café au lait bowl', 1690],
  ['Shirts', 'T-shirt', 2495],
  ['Shirts', 'Shirt, long-sleeved', 3999],
  ['Posters', 'Poster\n50 × 70 cm', 1805],
  ['Bags', 'Tote bag 👜', 1500],
  ['Bags', 'حقيبة ظهر', 6450],
  ['Socks', 'Socks; three pairs', 899],
];
const SIZES = ['S', 'M', 'L', 'XL'];

/** Of products: those there from the first day on, those that come in a later file than their variants, those renamed a day. */
const FROM_THE_START = 0.7;
const PRODUCT_LATE = 0.03;
const RENAMED = 0.003;
/** Of variants: those whose first version comes in a later file; those with a new price a day; of these a second one. */
const VARIANT_LATE = 0.04;
const REPRICED = 0.03;
const TWICE = 0.2;
const VERSION_LATE = 0.1;

/** All products and variants; it is held in memory, and grows with orders to some thousands. */
export class Assortment {
  readonly products: readonly Product[];
  /** Those known first come first. */
  readonly variants: readonly Variant[];
  readonly #created: readonly number[];

  constructor(seed: number, calendar: Calendar, orders: number) {
    const count = Math.min(2000, Math.max(12, Math.round(orders / 150)));
    this.products = Array.from({ length: count }, (_, number) => productOf(seed, number, calendar));
    this.variants = this.products
      .flatMap((product, number) => variantsOf(seed, product, number, calendar))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
    this.#created = this.variants.map(({ createdAt }) => createdAt);
  }

  /** One that was there at a time; a few sell much better than the others. */
  sold(random: Random, at: number): Variant {
    const there = Math.max(1, upperBound(this.#created, at));
    return this.variants[Math.floor(random.next() * random.next() * there)]!;
  }
}

/** Cents, at a time; before it was there, what it came with. */
export function priceAt({ versions }: Variant, at: number): number {
  return (versions.findLast(({ updatedAt }) => updatedAt <= at) ?? versions[0]!).price;
}

function productOf(seed: number, number: number, calendar: Calendar): Product {
  const random = Random.of(seed, 1, number);
  const [type, title] = KINDS[number % KINDS.length]!;
  const day = number < KINDS.length || random.chance(FROM_THE_START) ? 0 : random.below(calendar.days);
  const file = number >= KINDS.length && random.chance(PRODUCT_LATE) ? calendar.later(day, 1) : day;
  const files = [{ day: file, title: `${title} no. ${number + 1}` }];
  for (let later = file + 1; later < calendar.days; later++) {
    if (random.chance(RENAMED))
      files.push({ day: later, title: `${title} no. ${number + 1} (${calendar.dateOf(later)})` });
  }
  // What is there on the first day was made before it.
  const createdAt =
    day === 0
      ? calendar.startOf(0) - random.between(1, 300) * DAY_MS
      : calendar.startOf(day) + random.below(3_600) * 1_000;
  return { id: `p-${padded(number, 5)}`, title: files[0]!.title, type, createdAt, files };
}

function variantsOf(seed: number, product: Product, number: number, calendar: Calendar): Variant[] {
  const [, , base] = KINDS[number % KINDS.length]!;
  const count = Random.of(seed, 2, number).between(1, SIZES.length);
  return SIZES.slice(0, count).map((title, i) => {
    const random = Random.of(seed, 3, number, i);
    const createdAt = product.createdAt + random.between(1, 3_600) * 1_000;
    const versions = versionsOf(random, base + random.below(9) * 100, createdAt, calendar);
    return { id: `v-${padded(number, 5)}-${title}`, product, title, createdAt, versions };
  });
}

function versionsOf(random: Random, base: number, createdAt: number, calendar: Calendar): VariantVersion[] {
  const day = Math.max(0, calendar.dayOf(createdAt));
  const late = random.chance(VARIANT_LATE) && day + 1 < calendar.days;
  const versions: VariantVersion[] = [
    { price: base, updatedAt: createdAt, file: late ? day + 1 : day, late },
  ];
  for (let on = day + 1; on < calendar.days; on++) {
    if (!random.chance(REPRICED)) continue;
    const times = random.chance(TWICE) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const before = versions.at(-1)!.price;
      const updatedAt = calendar.startOf(on) + (time * 43_200 + random.below(43_200)) * 1_000;
      const file = random.chance(VERSION_LATE) ? calendar.later(on, random.between(1, 3)) : on;
      versions.push({ price: newPrice(random, before), updatedAt, file, late: file > on });
    }
  }
  return versions;
}

/** Never the one before. */
function newPrice(random: Random, before: number): number {
  const change = Math.max(1, Math.round((before * random.between(1, 15)) / 100));
  return random.chance(0.5) || before - change < 100 ? before + change : before - change;
}

/** How many of them, which are sorted, are at most so large. */
function upperBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function padded(number: number, digits: number): string {
  return String(number + 1).padStart(digits, '0');
}

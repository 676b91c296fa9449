/** Random numbers that come again with their seed (mulberry32). */
export class Chance {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  below(count: number): number {
    return Math.floor(this.next() * count)
  }
  is(part: number): boolean {
    return this.next() < part
  }
  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

const oddTexts = [
  '',
  ' ',
  '\u0000',
  '\u001b[2J',
  '\ud800',
  '../../etc/passwd',
  "'; drop table runs; --",
  '%',
  '*',
  '🐙',
  'é'.repeat(300),
  'a'.repeat(70_000),
  '-1',
  'NaN',
  '__proto__',
  'constructor',
]
const oddNumbers = [0, -1, 1, 1.5, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308]
const deepest = 8

/** Values that a JSON schema takes, and nearly as often values that it does not. `words`: texts that mean something to the server. */
export class ValuesBySchema {
  readonly #chance: Chance
  readonly #schemas: Readonly<Record<string, unknown>>
  readonly #words: () => readonly string[]

  constructor(chance: Chance, schemas: Readonly<Record<string, unknown>>, words: () => readonly string[]) {
    this.#chance = chance
    this.#schemas = schemas
    this.#words = words
  }

  /** `wrongPart`: how often a value is one of another kind. */
  of(schema: unknown, wrongPart = 0.08, depth = 0): unknown {
    const chance = this.#chance
    if (depth > deepest || !isObject(schema) || chance.is(wrongPart)) return this.#anything(depth)
    const name = /([^/]+)$/.exec(String(schema.$ref ?? ''))?.[1]
    if (name) return this.of(this.#schemas[name], wrongPart, depth)
    if (Array.isArray(schema.enum)) return chance.of(schema.enum)
    if ('const' in schema) return schema.const
    const options = schema.anyOf ?? schema.oneOf
    if (Array.isArray(options)) return this.of(chance.of(options), wrongPart, depth)
    switch (schema.type) {
      case 'string':
        return this.text()
      case 'integer':
      case 'number':
        return chance.is(0.7) ? chance.below(5) : chance.of([...oddNumbers, schema.minimum ?? 0, schema.maximum ?? 0])
      case 'boolean':
        return chance.is(0.5)
      case 'null':
        return null
      case 'array':
        return Array.from({ length: chance.below(4) }, () => this.of(schema.items, wrongPart, depth + 1))
      case 'object':
        return this.#object(schema, wrongPart, depth)
      default:
        return this.#anything(depth)
    }
  }

  text(): string {
    return this.#chance.is(0.75) ? this.#chance.of(this.#words()) : this.#chance.of(oddTexts)
  }

  #object({ properties, required, additionalProperties }: Json, wrongPart: number, depth: number): Json {
    const needed = new Set(Array.isArray(required) ? required : [])
    const value: Json = {}
    for (const [name, schema] of Object.entries(isObject(properties) ? properties : {}))
      if (this.#chance.is(needed.has(name) ? 0.95 : 0.4)) value[name] = this.of(schema, wrongPart, depth + 1)
    if (isObject(additionalProperties) || this.#chance.is(0.05))
      value[this.text()] = this.of(additionalProperties, wrongPart, depth + 1)
    return value
  }

  #anything(depth: number): unknown {
    const chance = this.#chance
    switch (chance.below(depth > deepest ? 4 : 7)) {
      case 0:
        return null
      case 1:
        return chance.of(oddNumbers)
      case 2:
        return this.text()
      case 3:
        return chance.is(0.5)
      case 4:
        return Array.from({ length: chance.below(3) }, () => this.#anything(depth + 1))
      case 5:
        return { [this.text()]: this.#anything(depth + 1) }
      default:
        return JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`)
    }
  }
}

import { Option } from 'commander'

export type Format = 'table' | 'json'

/** `-o json` prints the API's own objects. */
export const formatOption = () => new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table')

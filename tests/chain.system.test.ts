import { chainLife } from './chain-life.ts'

chainLife({ depth: 6, maxLayers: 3, timedStarts: 0 })

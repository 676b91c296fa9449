import { chainLife } from './chain-life.ts'

chainLife({ depth: 4, maxLayers: 3, timedStarts: 0 })

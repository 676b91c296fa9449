import { chainLife } from './chain-life.ts'

chainLife({ depth: 30, maxLayers: 16, timedStarts: 5 })

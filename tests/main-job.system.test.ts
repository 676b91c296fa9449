import { mainJob } from './main-job.ts'

mainJob({ title: 'the life of a debian run', cycles: 1 })

import { cutLife } from './cut/cut-life.ts'

cutLife({ generations: 2 })

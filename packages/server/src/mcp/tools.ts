import type { Tool } from './tool.ts'
import { cloneTools } from './tools/clones.ts'
import { commandTools } from './tools/commands.ts'
import { fileTools } from './tools/files.ts'
import { playgroundTools } from './tools/playgrounds.ts'
import { playTools } from './tools/plays.ts'

/** All tools, in the order in which agents are shown them. */
export const tools: readonly Tool[] = [...playgroundTools, ...playTools, ...cloneTools, ...commandTools, ...fileTools]

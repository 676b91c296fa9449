import assert from 'node:assert/strict'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createProgram } from '@ramet/cli/program.ts'
import { connect, RametError } from '@ramet/client'
import { readImageNames } from '@ramet/server/images/read-image-names.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { agentsGuide } from './agents-guide.ts'
import { type Example, findExamples, isForRealMachine, pages } from './examples/find-examples.ts'
import { runFor, substitute, wasPrinted } from './examples/given.ts'
import { faultOf, inlineCommands } from './examples/inline-commands.ts'
import { notRun } from './examples/not-run.ts'
import { type Shell, type as typeIn, typeUntil } from './examples/shell.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { examplesOf } from './harness/examples-of.ts'
import { finish } from './harness/processes.ts'
import { root, TestServer } from './harness/server.ts'

const examples = await findExamples()
const npx = 'npx --no-install '

test('every command that a page names in a sentence is one, with its options', async () => {
  const program = createProgram()
  for (const page of await pages())
    for (const text of inlineCommands(await readFile(join(root, page), 'utf8')))
      assert.equal(faultOf(text, program), undefined, `${page}: ${text}`)
})

/** What users read is what runs here, as it stands. An example that is new runs by itself, or fails. */
describe('every example of the pages and of --help', { concurrency: false }, () => {
  const server = new TestServer({ fake: true, env: { RAMET_HTTPS_PORT: '0' } })
  const folder = testFolder('e')
  const shell: Shell = { folder, env: { RAMET_HOME: server.home } }
  let run: string | undefined
  let shared = ''

  before(async () => {
    await server.start()
    for (const path of ['.ssh', 'fpath', '.config/fish/completions']) await mkdir(join(folder, path), { recursive: true })
    await finish(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(folder, '.ssh/id_ed25519')])
    await writeFile(join(folder, 'token.txt'), await server.token())
    // Whom examples share with, and what.
    for (const name of ['bob', 'carol']) await server.ok('user', 'add', name)
    await server.ok('group', 'add', 'class-1')
    const { playgrounds } = await server.client()
    shared = (await playgrounds.create({ name: 'shared-lab', base: 'debian', title: 'Shared' })).name
  })
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('what is not run is still there', () => {
    assert.deepEqual(
      Object.keys(notRun).filter((text) => !examples.some((example) => example.text === text)),
      [],
    )
  })

  test('docs/agents.md, as one program', { timeout: 120_000 }, async () => {
    const winner = await agentsGuide(server, 'debian')
    await (await server.client()).plays.destroy(winner)
  })

  const seen = new Set<string>()
  for (const example of examples) {
    const { from, text, language } = example
    // As it is typed in a checkout once, and then without what finds the command there.
    const command = text.replace(npx, '')
    if (seen.has(command)) continue
    const typed = seen.has('npx') ? command : text
    seen.add(command)
    if (typed.startsWith(npx)) seen.add('npx')
    if (text in notRun || isForRealMachine(example) || language === 'js') continue
    test(`${from}: ${text.split('\n')[0]}`, { timeout: 90_000 }, () => runs[language]({ ...example, text: typed }))
  }

  const runs: Record<Exclude<Example['language'], 'js'>, (example: Example) => Promise<void>> = {
    async sh({ text, printed }) {
      const needsRun = /\b(ID|RUN|8f1c)\b/.test(text)
      if (needsRun) run = await runFor(text, server, run)
      const https = (await (await server.client()).tls()).port
      const line = substitute(text, {
        ...(run === undefined ? {} : { ' ID': ` ${run}`, ' RUN': ` ${run}`, '8f1c': run }),
        'share my-lab': `share ${shared}`,
        'http://lab:8420': server.endpoint,
        'localhost:8422': `localhost:${https}`,
        'lab-51c9d61a': created,
        ' db:5432:5432 web:8080:80': ' debian:0:5432 0:80',
        '-m box': '-m debian',
        '/web ': '/debian ',
        '15432': '0',
        '1053': '0',
        '5432:5432': '0:5432',
        '8080:80': '0:80',
      })
      const isLasting = line.includes('port-forward')
      const stdin = line.includes('login http') ? await server.token() : ''
      const { code, stdout, stderr } = isLasting
        ? await typeUntil(line, shell, new RegExp(`(leads to port.*\\s*){${line.split(/\b0:/).length - 1}}`))
        : await typeIn(line, shell, stdin)
      const output = (stdout + stderr).replaceAll(shared, 'my-lab')
      assert.equal(code, isLasting ? 130 : 0, `${line}: ${output}`)
      for (const shown of printed) assert.ok(wasPrinted(shown, output), `${shown} is not what ${line} printed: ${output}`)
      created = /^lab-[0-9a-f]{8}$/m.exec(stdout)?.[0] ?? created
      if (text.includes('playground start debian')) run = /^[0-9a-f]{24}$/m.exec(stdout)?.[0]
    },
    /** A manifest is a file by the name in its first line, which commands below it take. */
    async yaml({ text }) {
      const name = /^# (\S+\.yaml)$/m.exec(text)?.[1]
      assert.ok(name, 'it says the name of its file')
      await writeFile(join(folder, name), text)
      if (name === 'images.yaml') assert.ok('our-root' in (await readImageNames(folder)))
    },
    async ts({ text }) {
      const ramet = connect({ endpoint: server.endpoint, token: await server.token() })
      await examplesOf(`\`\`\`js\n${text}\`\`\``)({ ramet })
    },
    /** The configuration of a client of MCP. */
    async json({ text }) {
      const { url, headers } = JSON.parse(text).mcpServers.ramet
      assert.deepEqual([new URL(url).pathname, headers], ['/mcp', { Authorization: 'Bearer TOKEN' }])
      await using agent = await connectAgent(server, { token: await server.token() })
      assert.ok((await agent.call('list_playgrounds')).playgrounds.length > 0)
    },
  }
  let created = ''

  test('packages/client/README.md, as one program', { timeout: 60_000 }, async () => {
    const page = await readFile(join(root, 'packages/client/README.md'), 'utf8')
    const said: string[] = []
    const log = (...words: unknown[]) =>
      said.push(words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' '))
    await examplesOf(page)({ connect, RametError, endpoint: server.endpoint, token: await server.token(), console: { log } })
    assert.match(said[0] ?? '', /^[0-9a-f]{24} runs Linux 6\.1\.0-fake$/)
    assert.ok(said.includes('stdout one') && said.includes('stdout two') && said.includes('exit status 0'))
    assert.ok(said.includes('carried there\n'))
    assert.ok(said.includes('RUNNING'))
    assert.match(said.at(-1) ?? '', /^not_found /)
  })
})

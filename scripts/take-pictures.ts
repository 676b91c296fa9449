import { join } from 'node:path'
import { openBrowser } from '../tests/harness/browser.ts'
import { until } from '../tests/harness/processes.ts'
import { root, TestServer } from '../tests/harness/server.ts'

/**
 * `node scripts/take-pictures.ts`: takes the pictures of the README anew, from real VMs and a real browser. Look at them before they are committed.
 * The scene: a shop whose web machine sends orders over one connection to its database machine, and two live clones of it.
 */

/** One order a line; the answer is how many there are. */
const database = `use strict; use IO::Socket::INET; $SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalPort => 7000, Listen => 8, ReuseAddr => 1) or die $!;
system('sqlite3', '/data/shop.db', 'create table if not exists orders (at text, what text)');
while (my $client = $server->accept) {
  next if fork; $client->autoflush(1);
  while (my $line = <$client>) {
    $line =~ s/[^a-z ]//g;
    my $count = qx(sqlite3 /data/shop.db "insert into orders values (datetime('now'), '$line'); select count(*) from orders");
    print $client $count;
  }
  exit;
}`
const shop = `#!/bin/bash
exec 3<>/dev/tcp/db/7000 || exit 1
wares=(kettle lamp chair atlas ladder violin)
while :; do
  ware=\${wares[RANDOM % 6]}
  echo "$ware" >&3; read -r count <&3
  printf '%s  \\e[32mstored\\e[0m  order %-5s %s\\n' "$(date +%T)" "$count" "$ware"
  sleep 1
done`

const server = new TestServer()
const browser = await openBrowser()
const { page } = browser
page.setDefaultTimeout(120_000)
const picture = (name: string) => page.screenshot({ path: join(root, 'docs', `${name}.png`) })
const send = (machine: string, file: string, content: string) =>
  server.ramet(['ssh', id, '-m', machine, '--', `cat > ${file} && chmod +x ${file}`], { stdin: content })
let id = ''
try {
  await server.start()
  const { plays, health } = await server.client()
  await until('the web app to be built', async () => (await health()).web, 180_000)
  id = (await server.ok('playground', 'start', 'duo', '-q')).trim()
  await plays.setTitle(id, 'Shop: orders get lost at midnight')
  await send('db', '/usr/local/sbin/orders', `#!/usr/bin/perl\n${database}`)
  await server.ok('ssh', id, '-m', 'db', '--', 'setsid orders >/dev/null 2>&1 < /dev/null & sleep 1')
  await send('web', '/usr/local/bin/shop', shop)
  await page.goto((await server.ok('login', '--print')).trim())
  await page.getByRole('heading', { name: /catalog/i }).waitFor()
  await page.goto(`${server.endpoint}/runs/${id}`)
  const terminal = page.getByLabel(/Terminal of web/).first()
  await terminal.click()
  const type = (line: string) => page.keyboard.type(`${line}\n`)
  const shows = (pattern: RegExp) =>
    until(`the terminal to show ${pattern}`, async () =>
      // biome-ignore lint/performance/useDomNodeTextContent: the text content has no ends of lines between rows
      pattern.test((await page.locator('.xterm-rows').first().innerText()).replaceAll('\u00a0', ' ')),
    )
  await shows(/[#$] *$/m)
  await type('clear; docker info --format "Docker {{.ServerVersion}} on {{.OperatingSystem}}, kernel {{.KernelVersion}}"')
  await shows(/Docker \d/)
  await type('ping -c 2 db')
  await shows(/2 packets transmitted/)
  await type('shop')
  await shows(/order 12/)
  const clones = await plays.clone(id, { count: 2, live: true })
  const titles = ['Midnight, one minute before', 'Same instant, index dropped']
  for (const [index, clone] of clones.entries()) {
    await plays.setTitle(clone.id, titles[index] ?? '')
    await server.reached(clone.id, 'RUNNING', 120_000)
  }
  await page.reload()
  await page
    .getByText(titles[1] ?? '')
    .first()
    .waitFor()
  await shows(/order 2[0-9]/)
  await page.getByRole('region', { name: 'Lineage' }).scrollIntoViewIfNeeded()
  await picture('run')
  await page.goto(server.endpoint)
  await page.getByRole('heading', { name: /catalog/i }).waitFor()
  await page
    .getByText(titles[0] ?? '')
    .first()
    .waitFor()
  await picture('dashboard')
  await plays.stop(id)
  await server.reached(id, 'STOPPED', 120_000)
  await page.goto(`${server.endpoint}/runs/${id}`)
  await page.getByRole('button', { name: /^Continue Every process goes on/ }).waitFor()
  await picture('stopped')
} finally {
  await browser.close()
  await server.dispose()
}

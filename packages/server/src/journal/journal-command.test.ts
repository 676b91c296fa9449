import assert from 'node:assert/strict'
import { test } from 'node:test'
import { journalCommand } from './journal-command.ts'

const none = { unit: undefined, lines: undefined, since: undefined, until: undefined, cursor: undefined }

test('a journal is followed, unless an end is given, and a guest without systemd shows its file', () => {
  assert.match(journalCommand(none), /exec journalctl --no-pager -f -n 100; exec tail -n 100 -F \/var\/log\/messages$/)
  assert.match(journalCommand({ ...none, until: 'now' }), /exec journalctl --no-pager --until 'now'; echo .* exit 127$/)
})

test('what clients write is one word for the shell', () => {
  const command = journalCommand({ unit: "a'; reboot", lines: 5, since: '-1h', until: undefined, cursor: 's=1;i=2' })
  assert.ok(command.includes("journalctl --no-pager -f -n 5 -u 'a'\\''; reboot' --since '-1h' --after-cursor='s=1;i=2';"))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areRefused, areWarnedOf } from '../testing/faulty-manifests.ts'
import { drives, inner } from '../testing/manifest-text.ts'
import { manifestProblems } from './parse-manifest.ts'

areRefused([
  {
    says: 'a default that is none of the options',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: k, default: three, options: [one, two]}]}`,
    ),
    code: 'invalid_value',
    at: 'three',
    hint: /one, two/,
  },
  {
    says: 'a pattern that is none',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: k, validationRegex: "[a"}]}`),
    code: 'invalid_value',
    at: '"[a"',
  },
  {
    says: 'a task whose name climbs',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {../t: {machine: a, run: "true"}}`),
    code: 'invalid_value',
    at: '../t',
  },
])

areWarnedOf([
  {
    says: 'a task on a condition that is not there',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initConditions: {values: [{key: version}]}\n  initTasks: {t: {machine: a, run: "true", conditions: [{key: versoin, value: v}]}}`,
    ),
    code: 'unknown_condition',
    at: 'versoin',
    hint: /Did you mean version/,
  },
  {
    says: 'a status of a task',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {t: {machine: a, run: "true", status: 40}}`),
    code: 'not_acted_on',
    at: '40',
  },
  {
    says: 'an init task that needs one that is repeated',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: true, run: "true", needs: [check]}, check: {init: false, run: "true"}}`,
    ),
    code: 'not_acted_on',
    at: 'check]',
  },
  {
    says: 'a check that needs a helper',
    text: inner(
      `  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: false, run: "true", needs: [load]}, load: {helper: true, run: "true"}}`,
    ),
    code: 'not_acted_on',
    at: 'load]',
  },
  {
    says: 'a hintcheck of an init task',
    text: inner(`  machines: [{name: a, ${drives}}]\n  initTasks: {t: {init: true, run: "true", hintcheck: "echo"}}`),
    code: 'not_acted_on',
    at: 'hintcheck',
  },
  {
    says: 'a task that names no machine of several',
    text: inner(`  machines: [{name: a, ${drives}}, {name: b, ${drives}}]\n  initTasks: {setup: {run: "true"}}`),
    code: 'default_machine',
    at: 'setup',
  },
])

test('needs that go in a circle are named', () => {
  const text = inner(
    `  machines: [{name: a, ${drives}}]\n  initTasks:\n    x: {machine: a, run: "1", needs: [y]}\n    y: {machine: a, run: "1", needs: [x]}\n    z: {machine: b, run: "1", needs: [w]}`,
  )
  const problems = manifestProblems(text, 'm.yaml')
  assert.deepEqual(problems.map(({ code }) => code).toSorted(), ['task_cycle', 'unknown_machine', 'unknown_task'])
  assert.match(problems.find(({ code }) => code === 'task_cycle')?.message ?? '', /x → y → x/)
})

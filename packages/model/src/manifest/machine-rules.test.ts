import { areRefused, areWarnedOf } from '../testing/faulty-manifests.ts'
import { drives, inner, one } from '../testing/manifest-text.ts'

const six = Array.from({ length: 6 }, (_, i) => `    - {name: m${i}, ${drives}}`).join('\n')

areRefused([
  { says: 'six machines', text: inner(`  machines:\n${six}`), code: 'too_many', at: '{name: m5', hint: /Leave out 1/ },
  {
    says: 'the same machine twice',
    text: inner(`  machines:\n    - {name: a, ${drives}}\n    - {${drives}, name: "a"}`),
    code: 'duplicate_name',
    at: '"a"',
  },
  {
    says: 'a drive of 100 TB',
    text: one('drives: [{source: debian-stable, mount: /, size: 100TB}]'),
    code: 'drive_too_big',
    at: '100TB',
    hint: /100GiB/,
  },
  {
    says: 'a size that is none',
    text: one('drives: [{source: debian-stable, mount: /, size: lots}]'),
    code: 'invalid_value',
    at: 'lots',
  },
  { says: 'no root drive', text: one('drives: [{size: 1GiB}]'), code: 'missing_field', at: 'name: a' },
  { says: 'a root drive without source', text: one('drives: [{mount: /}]'), code: 'missing_field', at: '{mount: /}' },
  {
    says: 'two drives at one place',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /d}, {size: 1GiB, mount: "/d"}]'),
    code: 'duplicate_name',
    at: '"/d"',
  },
  { says: 'too little memory', text: one(`${drives}\nresources: {ramSize: 1MiB}`), code: 'invalid_value', at: '1MiB' },
  { says: 'a bad machine name', text: inner(`  machines: [{name: Web_1, ${drives}}]`), code: 'invalid_value', at: 'Web_1' },
  { says: 'a machine without a name', text: inner(`  machines: [{${drives}}]`), code: 'missing_field', at: '{drives' },
  {
    says: 'a startup file of two lines',
    text: one(`${drives}\nstartupFiles: [{path: "/a\\nb", content: x}]`),
    code: 'invalid_value',
    at: '"/a',
    hint: /ends of lines/,
  },
  {
    says: 'an owner that is no id',
    text: one(`${drives}\nstartupFiles: [{path: /a, content: x, owner: "4294967295"}]`),
    code: 'invalid_value',
    at: '"4294967295"',
  },
  {
    says: 'a drive over /proc',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /proc/x}]'),
    code: 'invalid_value',
    at: '/proc/x',
  },
  {
    says: 'two drives at one place, written in two ways',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 1GiB, mount: /d}, {size: 1GiB, mount: //d/}]'),
    code: 'duplicate_name',
    at: '//d/',
  },
  {
    says: 'an unknown image',
    text: one('drives: [{source: debian-stabel, mount: /}]'),
    code: 'unknown_image',
    at: 'debian-stabel',
    hint: /Did you mean debian-stable/,
  },
  {
    says: 'a reference to a registry that is none',
    text: one('drives: [{source: "oci://ghcr.io/Upper:z", mount: /}]'),
    code: 'invalid_value',
    at: '"oci',
  },
  {
    says: 'a drive too small for its filesystem',
    text: one('drives: [{source: debian-stable, mount: /}, {size: 100MiB, mount: /d, filesystem: xfs}]'),
    code: 'invalid_value',
    at: '100MiB',
  },
  {
    says: 'a folder to build that is none',
    text: one('drives: [{source: "build:", mount: /}]'),
    code: 'invalid_value',
    at: '"build:"',
  },
])

areWarnedOf([
  { says: 'another kernel', text: one(`${drives}\nkernel: {source: "6.12"}`), code: 'unknown_kernel', at: '{source: "6.12"' },
  { says: 'another backend', text: one(`${drives}\nbackend: cloud-hypervisor`), code: 'not_acted_on', at: 'cloud-h' },
  {
    says: 'a root drive that is not first',
    text: one('drives: [{size: 1GiB}, {source: debian-stable, mount: /}]'),
    code: 'root_drive_moved',
    at: '/}',
  },
  {
    says: 'the size of a drive that nobody can write to',
    text: one('drives: [{source: debian-stable, mount: /}, {source: debian-stable, mount: /x, readOnly: true, size: 9GiB}]'),
    code: 'not_acted_on',
    at: '9GiB',
  },
])

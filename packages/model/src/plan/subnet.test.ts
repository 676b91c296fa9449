import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  contains,
  formatAddress,
  formatSubnet,
  isHostAddress,
  lastAddress,
  nextFreeHost,
  overlaps,
  parseAddress,
  parseSubnet,
  subnetAround,
} from './subnet.ts'

const addresses = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const subnets = fc.tuple(addresses, fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => subnetAround(address, prefix))

test('an address printed and read again is the same', () => {
  fc.assert(fc.property(addresses, (address) => parseAddress(formatAddress(address)) === address))
})

test('a subnet printed and read again is the same', () => {
  fc.assert(fc.property(subnets, (subnet) => assert.deepEqual(parseSubnet(formatSubnet(subnet)), subnet)))
})

test('two subnets overlap only when one holds the other', () => {
  fc.assert(
    fc.property(subnets, subnets, (a, b) => {
      const nested = (outer: typeof a, inner: typeof a) => contains(outer, inner.first) && contains(outer, lastAddress(inner))
      assert.equal(overlaps(a, b), nested(a, b) || nested(b, a))
      assert.equal(overlaps(a, b), overlaps(b, a))
    }),
  )
})

test('the next free host is a free host address, and the lowest one', () => {
  const small = fc.tuple(addresses, fc.integer({ min: 24, max: 32 })).map(([address, prefix]) => subnetAround(address, prefix))
  fc.assert(
    fc.property(small, fc.array(fc.nat(300)), (subnet, offsets) => {
      const taken = new Set(offsets.map((offset) => subnet.first + offset))
      const free = nextFreeHost(subnet, taken)
      const expected = []
      for (let address = subnet.first; address <= lastAddress(subnet); address += 1) {
        if (isHostAddress(subnet, address) && !taken.has(address)) expected.push(address)
      }
      assert.equal(free, expected[0])
    }),
  )
})

test('what is no address or subnet is refused', () => {
  for (const text of ['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.x', '1e1.0.0.0', ' 1.2.3.4']) {
    assert.equal(parseAddress(text), undefined, text)
  }
  for (const text of ['10.0.0.0', '10.0.0.1/24', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/24/1', '10.0.0.0/-1']) {
    assert.equal(parseSubnet(text), undefined, text)
  }
})

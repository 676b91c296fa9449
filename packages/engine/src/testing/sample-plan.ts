import { planNetwork } from '../network/plan.ts'

/** For tests: a machine on the open network, one on both, one on the private network alone. */
export const samplePlan = planNetwork('r1a2b-3c', '198.18.0.16/28', {
  networks: [
    { name: 'local', subnet: '172.16.0.0/24', gateway: '172.16.0.1', private: false },
    { name: 'db', subnet: '10.0.5.0/28', gateway: '10.0.5.14', private: true },
  ],
  machines: [
    { name: 'web', interfaces: [{ network: 'local', address: '172.16.0.2', prefixLength: 24 }] },
    {
      name: 'app',
      interfaces: [
        { network: 'db', address: '10.0.5.1', prefixLength: 28 },
        { network: 'local', address: '172.16.0.3', prefixLength: 24 },
      ],
    },
    { name: 'store', interfaces: [{ network: 'db', address: '10.0.5.2', prefixLength: 28 }] },
  ],
})

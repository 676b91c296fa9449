import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { crashSuite } from './crash-steps.ts'
import { leftovers } from './harness/leftovers.ts'

crashSuite({
  title: 'on real VMs, a server killed at any step',
  fake: false,
  machines: 2,
  stepNames,
  async ignorePowerButton(server, id) {
    // Not before the guest's own boot is over: it loads the module itself.
    const { code, stderr } = await server.ramet([
      'ssh',
      id,
      '--',
      'until systemctl is-system-running | grep -qE "running|degraded"; do sleep 0.2; done; rmmod button',
    ])
    if (code !== 0) throw new Error(stderr)
  },
  async leftovers(server) {
    const { installation } = await (await server.client()).health()
    return leftovers(installation, server.home)
  },
})

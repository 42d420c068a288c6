import { expect, test } from 'vitest'
import { planRights, type RightsWish } from '#agent/doctor/rights-plan.ts'
import { rightsScript } from '#agent/doctor/rights-script.ts'

const WISH: RightsWish = {
  pve: '9',
  user: 'lanline@pve',
  token: 'agent',
  pool: 'lanline',
  storage: ['fast'],
  imageStorage: ['local'],
  bridge: ['vmbr0'],
}
const nobody = () => Promise.resolve(undefined)

test('every name that was given has its line in the script', async () => {
  const wish = { pve: '8', storage: ['fast', 'slow'], bridge: ['vmbr1', 'lan/vnet1'], pool: 'k8s', user: 'talos@pve' }
  const plan = await planRights({ ...WISH, ...wish, mapping: ['hba'], with: ['guest-agent'] }, nobody)
  const script = plan.ok ? rightsScript(plan.value) : plan.error
  for (const [path, role] of [
    ['/pool/k8s', 'LanlineVM'],
    ['/nodes', 'LanlineNode'],
    ['/storage/slow', 'LanlineDisk'],
    ['/sdn/zones/localnetwork/vmbr1', 'LanlineNet'],
    ['/sdn/zones/lan/vnet1', 'LanlineNet'],
    ['/mapping/pci/hba', 'LanlineMapping'],
  ])
    expect(script).toContain(`pveum acl modify ${path} --users talos@pve --roles ${role}\n`)
  expect(script).toContain('VM.Monitor')
})

test('without a release the host is asked for it', async () => {
  const plan = await planRights({ ...WISH, pve: undefined }, () => Promise.resolve('8.4.21'))
  expect(plan.ok && plan.value.release).toEqual([8, 4])
})

test.each([
  ['no release and no host to ask', { pve: undefined }, '--pve'],
  ['an old release', { pve: '7.4' }, '7.4'],
  ['no storage', { storage: undefined }, '--storage'],
  ['a name that a shell would read', { storage: ['x;reboot'] }, 'x;reboot'],
  ['a name that would be an option', { pool: '--delete' }, '--delete'],
  ['a name with a line in it', { bridge: ['vmbr0\nreboot'] }, 'vmbr0'],
  ['an unknown extra', { with: ['everything'] }, 'everything'],
  ['a user without a realm', { user: 'root' }, '--user'],
])('%s is refused with a sentence', async (_, changed, said) => {
  const plan = await planRights({ ...WISH, ...changed }, nobody)
  expect(plan.ok ? '' : plan.error).toContain(said)
})

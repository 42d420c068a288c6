import { askAgent } from '../guest-agent.ts'
import { choice, needed } from '../parameter.ts'
import { needsAny, param, type Call, type Route } from '../route.ts'
import { NODE_AND_VM } from '../vm-parameters.ts'
import { words } from '../words.ts'

/** What can be asked of the agent inside a guest. Commands that change something there are not served. */
const COMMANDS = words('get-fsinfo get-host-name get-osinfo get-time get-users get-vcpus info network-get-interfaces')
const EVERY_COMMAND = words(
  'fsfreeze-freeze fsfreeze-status fsfreeze-thaw fstrim get-fsinfo get-host-name get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info network-get-interfaces ping shutdown suspend-disk suspend-hybrid suspend-ram',
)
const vmOf = (call: Call) => call.world.vms.get(Number(param(call, 'vmid')))
const mayAsk = (call: Call): void => needsAny('/vms/{vmid}', ...call.world.cluster.profile.agentPrivileges)(call)

const command = (method: 'GET' | 'POST', name: string): Route => ({
  method,
  path: `/nodes/{node}/qemu/{vmid}/agent/${name}`,
  parameters: NODE_AND_VM,
  latencyMs: 12,
  withoutQuorum: true,
  rights: mayAsk,
  handle: (call) => askAgent(call.world, vmOf(call), name),
})

export const agentRoutes: readonly Route[] = [
  command('POST', 'ping'),
  ...COMMANDS.map((name) => command('GET', name)),
  {
    method: 'GET',
    path: '/nodes/{node}/qemu/{vmid}/agent',
    parameters: NODE_AND_VM,
    latencyMs: 2,
    handle: () => EVERY_COMMAND.map((name) => ({ name })),
  },
  {
    method: 'POST',
    path: '/nodes/{node}/qemu/{vmid}/agent',
    parameters: { ...NODE_AND_VM, command: needed(choice(...EVERY_COMMAND)) },
    latencyMs: 12,
    rights: mayAsk,
    handle: (call) => askAgent(call.world, vmOf(call), param(call, 'command')),
  },
]

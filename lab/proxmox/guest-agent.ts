import { SILENT_AGENT_MS } from './durations.ts'
import { failed } from './failure.ts'
import { agentEnabled, uuidOf, type Vm } from './vm.ts'
import { epochSeconds, type World } from './world.ts'
import type { GuestAgentReport } from '#lab/guest.ts'

/** What the agent inside a guest says through the host; when there is none, the host finds that out slowly. */
export async function askAgent(world: World, vm: Vm, command: string): Promise<unknown> {
  if (!vm.config.has('agent')) throw failed('No QEMU guest agent configured')
  if (!vm.running) throw failed(`VM ${vm.vmid} is not running`)
  const enabled = agentEnabled(vm.config)
  const report = enabled && vm.paused !== true ? world.guests.agent?.(uuidOf(vm.config)) : undefined
  if (!report) {
    if (enabled) await world.time.pass(SILENT_AGENT_MS)
    throw failed('QEMU guest agent is not running')
  }
  return { result: answerOf(world, report, command) }
}

function answerOf(world: World, report: GuestAgentReport, command: string): unknown {
  switch (command) {
    case 'network-get-interfaces':
      return report.interfaces.map(interfaceRow)
    case 'get-host-name':
      return { 'host-name': report.hostName }
    case 'get-osinfo':
      return {
        id: report.os.id,
        name: report.os.name,
        'pretty-name': `${report.os.name} (${report.os.version})`,
        version: report.os.version,
        'version-id': report.os.version,
        'kernel-release': report.os.kernel,
        'kernel-version': '#1 SMP',
        machine: 'x86_64',
      }
    case 'info':
      return {
        version: '1.0.0',
        supported_commands: ['guest-ping', 'guest-info', 'guest-get-osinfo', 'guest-network-get-interfaces'].map(
          (name) => ({ name, enabled: true, 'success-response': true }),
        ),
      }
    case 'get-time':
      return epochSeconds(world) * 1e9
    default:
      return {}
  }
}

const NO_TRAFFIC = Object.fromEntries(
  ['rx', 'tx'].flatMap((way) => ['bytes', 'packets', 'errs', 'dropped'].map((what) => [`${way}-${what}`, 0])),
)

const interfaceRow = (card: GuestAgentReport['interfaces'][number]): unknown => ({
  name: card.name,
  'hardware-address': card.mac,
  'ip-addresses': card.addresses.map((address) => {
    const [ip = '', prefix = '32'] = address.split('/')
    return { 'ip-address': ip, 'ip-address-type': ip.includes(':') ? 'ipv6' : 'ipv4', prefix: Number(prefix) }
  }),
  statistics: NO_TRAFFIC,
})

import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bareAddress, MAX_BARE_MACHINES } from './bare-machines.ts'
import { startControl, type ControlServer } from './control.ts'
import { startLab, type Lab } from './lab.ts'
import { findEdition } from './talos/edition.ts'

/** Starts the lab by itself, says how to reach it, and stays until it is told to stop. */
const HELP = `Starts a simulated site: a Proxmox host, its LAN, an Image Factory, and Talos in every guest made there.

  npm run lab -- [--rate N] [--talos VERSION --nodes N] [--dir DIR] [--json]

  --rate N   how much faster than life it runs (default 20)
  --nodes N  how many Talos machines stand on the LAN by themselves, in maintenance mode (default 0), for your own talosctl
  --talos V  the Talos they run (default v1.13.9): any version of 1.12, 1.13 or 1.14
  --dir DIR  where the credential files go (default: a new temporary directory); they are removed at the end
  --json     print one line of JSON when ready, for programs
  --help     this text

It stays until Ctrl-C and leaves nothing behind.`
const DEFAULT_RATE = '20'
const DEFAULT_TALOS = 'v1.13.9'
/** Faster than this, timers of a millisecond are what one measures. */
const MAX_RATE = 10_000

const { values } = readArguments()
const rate = Number(values.rate)
const count = Number(values.nodes)
if (values.help) console.log(HELP)
else if (!(rate > 0 && rate <= MAX_RATE)) {
  console.error(`--rate ${values.rate} is not a number above 0 and at most ${MAX_RATE}`)
  process.exitCode = 2
} else if (!Number.isInteger(count) || count < 0 || count > MAX_BARE_MACHINES) {
  console.error(`--nodes ${values.nodes} is not a whole number from 0 to ${MAX_BARE_MACHINES}`)
  process.exitCode = 2
} else if (!findEdition(values.talos)) {
  console.error(`--talos ${values.talos} is not a version of Talos 1.12, 1.13 or 1.14, as in ${DEFAULT_TALOS}`)
  process.exitCode = 2
} else await run()

function readArguments() {
  try {
    return parseArgs({
      options: {
        rate: { type: 'string', default: DEFAULT_RATE },
        nodes: { type: 'string', default: '0' },
        talos: { type: 'string', default: DEFAULT_TALOS },
        dir: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    process.exit(2)
  }
}

async function run(): Promise<void> {
  const lab = await startLab({ rate, machines: { count, talosVersion: values.talos } })
  const control = await startControl(lab)
  const files = writeFiles(values.dir, lab, control)
  console.log(values.json ? JSON.stringify(connection(lab, control, files)) : describe(lab, control, files))

  await new Promise<void>((stop) => {
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
  })
  await control.close()
  await lab.close()
  files.remove()
}

interface Files {
  readonly dir: string
  readonly proxmoxSecret: string
  readonly proxmoxCa: string
  readonly controlToken: string
  remove(): void
}

function writeFiles(wantedDir: string | undefined, lab: Lab, control: ControlServer): Files {
  const made = wantedDir === undefined || !existsSync(wantedDir)
  const dir = wantedDir === undefined ? mkdtempSync(join(tmpdir(), 'lanline-lab-')) : resolve(wantedDir)
  if (made) mkdirSync(dir, { recursive: true, mode: 0o700 })
  const written: string[] = []
  const write = (name: string, content: string): string => {
    const path = join(dir, name)
    writeFileSync(path, content, { mode: 0o600 })
    // The mode above counts only for a new file.
    chmodSync(path, 0o600)
    written.push(path)
    return path
  }
  return {
    dir,
    proxmoxSecret: write('proxmox-token-secret', `${lab.site.tokenSecret}\n`),
    proxmoxCa: write('proxmox-ca.pem', lab.site.caPem),
    controlToken: write('control-token', `${control.token}\n`),
    remove() {
      for (const path of written) rmSync(path, { force: true })
      if (made) rmdirSync(dir)
    },
  }
}

/** Where the machines of `--nodes` are. */
function bareAddresses(): readonly string[] {
  return Array.from({ length: count }, (_, index) => bareAddress(index))
}

/** Everything a program needs; secrets stay in their files. */
function connection(lab: Lab, control: ControlServer, files: Files) {
  return {
    rate: lab.rate,
    socksUrl: lab.socksUrl,
    factoryUrl: lab.factoryUrl,
    proxmox: {
      url: lab.site.url,
      caFile: files.proxmoxCa,
      tokenId: lab.site.tokenId,
      tokenSecretFile: files.proxmoxSecret,
      pool: lab.site.pool,
    },
    machines: bareAddresses(),
    control: { url: control.url, tokenFile: files.controlToken },
    dir: files.dir,
  }
}

function describe(lab: Lab, control: ControlServer, files: Files): string {
  return `The lab is up, ${lab.rate} times as fast as life.

  LAN           ${lab.socksUrl}  (SOCKS5; everything below is behind it)
  Proxmox       ${lab.site.url}  (token ${lab.site.tokenId}, its secret in ${files.proxmoxSecret}, CA in ${files.proxmoxCa})
  Image Factory ${lab.factoryUrl}
  Control       ${control.url}  (bearer in ${files.controlToken})

Try:
  curl --proxy ${lab.socksUrl.replace('socks5:', 'socks5h:')} --cacert ${files.proxmoxCa} \\
    -H 'Authorization: PVEAPIToken=${lab.site.tokenId}='"$(cat ${files.proxmoxSecret})" ${lab.site.url}/api2/json/version
  curl -H "Authorization: Bearer $(cat ${files.controlToken})" ${control.url}/state
  curl -H "Authorization: Bearer $(cat ${files.controlToken})" ${control.url}/faults -d '{"kind":"node.fail","node":"cp-1"}'

${talosctlHelp(lab)}An agent's configuration:
  proxmox:
    endpoints: [${lab.site.url}]
    tokenId: ${lab.site.tokenId}
    tokenSecretFile: ${files.proxmoxSecret}
    caFile: ${files.proxmoxCa}
  imageFactory: ${lab.factoryUrl}
  lan: {proxy: '${lab.socksUrl}'}
  clockRate: ${lab.rate}

Ctrl-C stops it.`
}

/** Only when there is somebody to ask. */
function talosctlHelp(lab: Lab): string {
  const [first] = bareAddresses()
  if (first === undefined) return ''
  return `Talos ${values.talos} in maintenance mode at ${bareAddresses().join(', ')}:
  export HTTPS_PROXY=${lab.socksUrl}
  talosctl -n ${first} get systeminformation --insecure
  talosctl gen config lab https://${first}:6443 --install-disk ''
  talosctl -n ${first} apply-config --insecure --file controlplane.yaml
  talosctl --talosconfig talosconfig -e ${first} -n ${first} bootstrap

`
}

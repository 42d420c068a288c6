import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startControl, type ControlServer } from './control.ts'
import { startLab, type Lab } from './lab.ts'

/** Starts the lab by itself, says how to reach it, and stays until it is told to stop. */
const HELP = `Starts a simulated site: a Proxmox host, its LAN, an Image Factory, and Talos in every guest made there.

  npm run lab -- [--rate N] [--dir DIR] [--json]

  --rate N   how much faster than life it runs (default 20)
  --dir DIR  where the credential files go (default: a new temporary directory); they are removed at the end
  --json     print one line of JSON when ready, for programs
  --help     this text

It stays until Ctrl-C and leaves nothing behind.`
const DEFAULT_RATE = '20'
/** Faster than this, timers of a millisecond are what one measures. */
const MAX_RATE = 10_000

const { values } = readArguments()
const rate = Number(values.rate)
if (values.help) console.log(HELP)
else if (!(rate > 0 && rate <= MAX_RATE)) {
  console.error(`--rate ${values.rate} is not a number above 0 and at most ${MAX_RATE}`)
  process.exitCode = 2
} else await run(rate, values.dir, values.json)

function readArguments() {
  try {
    return parseArgs({
      options: {
        rate: { type: 'string', default: DEFAULT_RATE },
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

async function run(labRate: number, wantedDir: string | undefined, asJson: boolean): Promise<void> {
  const lab = await startLab({ rate: labRate })
  const control = await startControl(lab)
  const files = writeFiles(wantedDir, lab, control)
  console.log(asJson ? JSON.stringify(connection(lab, control, files)) : describe(lab, control, files))

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

An agent's configuration:
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

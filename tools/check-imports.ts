import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Holds the arrows between the rooms (docs/architecture.md): who may import whom, by subpath or by relative path, types
 * included. Part of the lint; it prints each import that breaks a rule and exits with 1.
 */
interface Room {
  readonly folder: string
  /** Folders (or single files) that may be imported besides the room's own. */
  readonly mayImport: readonly string[]
  /** Prefixes of packages that may not. */
  readonly notPackages?: readonly string[]
}

/** The first that fits a file counts. */
const ROOMS: readonly Room[] = [
  { folder: 'core/base/', mayImport: [], notPackages: ['node:', 'cloudflare:'] },
  { folder: 'core/', mayImport: [], notPackages: ['node:', 'cloudflare:'] },
  { folder: 'db/', mayImport: ['core/'], notPackages: ['node:'] },
  { folder: 'durable-objects/', mayImport: ['core/', 'db/'], notPackages: ['node:'] },
  { folder: 'workers/api/', mayImport: ['core/', 'db/', 'durable-objects/ports.ts'] },
  { folder: 'workers/agent-relay/', mayImport: ['core/', 'db/', 'durable-objects/'] },
  { folder: 'agent/', mayImport: ['core/'], notPackages: ['cloudflare:', 'hono', 'drizzle-orm'] },
  // One maker of secrets, for the agent and for people: docs/decisions/0005. One opener, one minter and one end of a stream, for
  // the same reason.
  {
    folder: 'cli/',
    mayImport: [
      'core/',
      'agent/vault/create-bundle.ts',
      'agent/vault/seal.ts',
      'agent/vault/mint.ts',
      'agent/identity/age-proof.ts',
      'agent/lane/lane-duplex.ts',
    ],
    notPackages: ['cloudflare:', 'hono', 'drizzle-orm'],
  },
  // The lab is a product of its own: one mistake must not confirm itself.
  { folder: 'lab/', mayImport: ['core/base/'], notPackages: ['cloudflare:'] },
  { folder: 'tools/', mayImport: ['core/', 'cli/', 'lab/', 'agent/', 'workers/', 'db/'] },
  { folder: 'test/', mayImport: ['core/', 'db/', 'durable-objects/', 'workers/', 'agent/', 'cli/', 'lab/', 'tools/'] },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js', '*.mjs'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  // A file that was just deleted is listed until the deletion is committed.
  .filter((file) => existsSync(`${root}${file}`))

const broken = files.flatMap((file) => {
  const room = ROOMS.find((candidate) => file.startsWith(candidate.folder))
  return room ? specifiersOf(file).flatMap((specifier) => complaint(file, room, specifier) ?? []) : []
})
for (const line of broken) console.error(line)
process.exit(broken.length > 0 ? 1 : 0)

function specifiersOf(file: string): readonly string[] {
  const text = readFileSync(`${root}${file}`, 'utf8')
  return [
    ...text.matchAll(
      /(?:^|[\s;])(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g,
    ),
  ].map((match) => match[1] ?? match[2] ?? '')
}

function complaint(file: string, room: Room, specifier: string): string | undefined {
  const target = targetOf(file, specifier)
  if (target === undefined) {
    const refused = room.notPackages?.find((prefix) => specifier.startsWith(prefix))
    return refused === undefined ? undefined : `${file}: ${room.folder} may not import ${specifier}`
  }
  // Version and name of the package are everybody's.
  if (
    target === 'package.json' ||
    target.startsWith(room.folder) ||
    room.mayImport.some((allowed) => target.startsWith(allowed))
  )
    return undefined
  return `${file}: ${room.folder} may not import ${target} (allowed: ${room.mayImport.join(', ') || 'nothing else'})`
}

/** The file inside the project an import leads to; undefined for packages. */
function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1)
  return specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : undefined
}

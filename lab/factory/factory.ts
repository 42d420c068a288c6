import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ImageAnswer, ImageSource } from './image-source.ts'
import { readSchematic, type Schematic } from './schematic.ts'

/** A schematic is a page of text at most. */
const MAX_BODY_BYTES = 64 * 1024
const MAX_SCHEMATICS = 1000
/** A nocloud disk image of a recent Talos as qcow2, and the disk that it unpacks to. */
const IMAGE_BYTES = 320 * 1024 ** 2
const DISK_BYTES = 1280 * 1024 ** 2
const ISO_BYTES = 310 * 1024 ** 2

const DEFAULT_VERSIONS = ['v1.12.11', 'v1.13.9', 'v1.14.0']
const EXTENSIONS = ['siderolabs/iscsi-tools', 'siderolabs/qemu-guest-agent', 'siderolabs/util-linux-tools']
const IMAGE_PATH =
  /^\/image\/([0-9a-f]{64})\/(v\d+\.\d+\.\d+(?:-[0-9a-z.]+)?)\/((?:nocloud|metal)-amd64(?:-secureboot)?\.(?:qcow2|iso|raw))$/

export interface FactoryOptions {
  /** As in `v1.14.0`. */
  readonly versions?: readonly string[]
  /** Names under which downloads may reach it too, as in `factory.talos.dev`. */
  readonly hostNames?: readonly string[]
}

export interface ImageFactory {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** What a hypervisor's download finds behind an address. */
  readonly images: ImageSource
  /** System extensions of a schematic; none of one that is not known. */
  extensionsOf(schematicId: string): readonly string[]
  /** Ids of everything that was posted. */
  schematics(): readonly string[]
  /** Offline: everybody is refused, downloads included. */
  setOnline(online: boolean): void
  close(): Promise<void>
}

/**
 * An Image Factory: it makes images of schematics that were posted to it, and of no others. The images it serves are a
 * few bytes; their announced sizes are believable and their checksums those of the bytes.
 */
export async function startFactory(options: FactoryOptions = {}): Promise<ImageFactory> {
  const store = new Store(options.versions ?? DEFAULT_VERSIONS)
  let online = true
  const server = createServer((request, response) => {
    void respond(store, request, response)
  })
  server.on('connection', (socket) => {
    if (!online) socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const hosts = new Set([...(options.hostNames ?? []), `127.0.0.1:${port}`, `localhost:${port}`])
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    images: { look: (url) => look(store, hosts, online, url) },
    extensionsOf: (id) => store.find(id)?.extensions ?? [],
    schematics: () => store.ids(),
    setOnline: (wanted) => {
      online = wanted
      if (!online) server.closeAllConnections()
    },
    close: () => closed(server),
  }
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

class Store {
  readonly versions: readonly string[]
  readonly #schematics = new Map<string, Schematic>()
  constructor(versions: readonly string[]) {
    this.versions = versions
  }
  ids(): string[] {
    return [...this.#schematics.keys()]
  }
  find(id: string): Schematic | undefined {
    return this.#schematics.get(id)
  }
  /** False when the store is full. */
  add(schematic: Schematic): boolean {
    if (this.#schematics.size >= MAX_SCHEMATICS && !this.#schematics.has(schematic.id)) return false
    this.#schematics.set(schematic.id, schematic)
    return true
  }
  /** The image behind a path, or why there is none. */
  image(
    path: string,
  ): { readonly id: string; readonly version: string; readonly bytes: string } | { readonly missing: string } {
    const [, id = '', version = '', file = ''] = IMAGE_PATH.exec(path) ?? []
    if (id === '') return { missing: 'not found' }
    const schematic = this.#schematics.get(id)
    if (!schematic) return { missing: `schematic ID "${id}" not found` }
    if (!this.versions.includes(version)) return { missing: `version ${version} is not available` }
    const unknown = schematic.extensions.find((extension) => !EXTENSIONS.includes(extension))
    if (unknown !== undefined) return { missing: `official extension ${unknown} is not available for ${version}` }
    return { id, version, bytes: `lab image ${file} ${version} ${id}\n` }
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function look(store: Store, hosts: ReadonlySet<string>, online: boolean, url: string): ImageAnswer {
  if (!URL.canParse(url)) return { kind: 'unknown-host', host: url }
  const { host, hostname, pathname } = new URL(url)
  if (!hosts.has(host) && !hosts.has(hostname)) return { kind: 'unknown-host', host: hostname }
  if (!online) return { kind: 'refused', host: hostname }
  const image = store.image(pathname)
  if ('missing' in image) return { kind: 'http-error', status: 404, reason: 'Not Found' }
  return {
    kind: 'image',
    sizeBytes: pathname.endsWith('.iso') ? ISO_BYTES : IMAGE_BYTES,
    virtualBytes: DISK_BYTES,
    sha256: sha256(image.bytes),
    content: { talosVersion: image.version, schematicId: image.id },
  }
}

async function respond(store: Store, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET'
  const { pathname } = new URL(request.url ?? '/', 'http://factory')
  if (method === 'POST' && pathname === '/schematics') {
    await postSchematic(store, request, response)
    return
  }
  if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'method not allowed\n')
  if (pathname === '/versions') return sendJson(response, 200, store.versions)
  const known = /^\/schematics\/([0-9a-f]{64})$/.exec(pathname)
  if (known) {
    const schematic = store.find(known[1] ?? '')
    if (schematic) return send(response, 200, 'application/yaml', schematic.yaml)
    return send(response, 404, 'text/plain', `schematic ID "${known[1] ?? ''}" not found\n`)
  }
  const extensions = /^\/version\/([^/]+)\/extensions\/official$/.exec(pathname)
  if (extensions) return sendExtensions(store, response, extensions[1] ?? '')
  const image = store.image(pathname)
  if ('missing' in image) return send(response, 404, 'text/plain', `${image.missing}\n`)
  if (method === 'GET') return send(response, 200, 'application/octet-stream', image.bytes)
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': IMAGE_BYTES })
  response.end()
}

async function postSchematic(store: Store, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array)
    size += bytes.length
    if (size <= MAX_BODY_BYTES) chunks.push(bytes)
  }
  const schematic = size > MAX_BODY_BYTES ? undefined : readSchematic(Buffer.concat(chunks).toString('utf8'))
  if (!schematic) return send(response, 400, 'text/plain', 'invalid schematic\n')
  if (!store.add(schematic)) return send(response, 503, 'text/plain', 'no room for more schematics\n')
  return sendJson(response, 201, { id: schematic.id })
}

function sendExtensions(store: Store, response: ServerResponse, version: string): void {
  if (!store.versions.includes(version))
    return send(response, 404, 'text/plain', `version ${version} is not available\n`)
  return sendJson(
    response,
    200,
    EXTENSIONS.map((name) => ({
      name,
      ref: `ghcr.io/${name}:${version}`,
      digest: `sha256:${sha256(`${name}:${version}`)}`,
      author: 'Sidero Labs',
      description: `${name} for Talos ${version}`,
    })),
  )
}

const sendJson = (response: ServerResponse, status: number, value: unknown): void =>
  send(response, status, 'application/json', JSON.stringify(value))

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}

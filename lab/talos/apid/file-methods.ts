import { create } from '@bufbuild/protobuf'
import { gzipSync } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { filesOf } from '../files/tree.ts'
import { tarFile } from '../files/tar.ts'
import type { TalosNode } from '../node.ts'
import { DiskUsageInfoSchema, FileInfoSchema, type FileInfo } from '../proto/system_pb.js'
import type { MachineMethods } from './machine-service.ts'
import { inChunks } from './wire.ts'

const CHUNK_BYTES = 32 * 1024
const DIRECTORY_MODE = 0o755
/** Go's bit for directories, which is not the kernel's. */
const GO_DIRECTORY = 0x8000_0000
const FILE_MODE = 0o644
/** Files go deeper than anybody lists. */
const MAX_DEPTH = 64

/** Reads, lists and copies the files of a node. */
export function fileMethods(node: TalosNode): MachineMethods {
  return {
    async *read({ path }) {
      absolute(path)
      const content = filesOf(node).get(path)
      if (content === undefined) {
        if (isDirectory(node, path)) throw new ConnectError('path must be a regular file', Code.Unknown)
        throw missing(path)
      }
      yield* inChunks(Buffer.from(content), CHUNK_BYTES)
    },
    async *copy({ rootPath }) {
      absolute(rootPath)
      const inside = [...filesOf(node)].filter(([path]) => path === rootPath || path.startsWith(`${rootPath}/`))
      if (inside.length === 0) throw missing(rootPath)
      const entries = inside.map(([path, content]) => tarFile(path.slice(1), Buffer.from(content)))
      yield* inChunks(gzipSync(Buffer.concat([...entries, Buffer.alloc(1024)])), CHUNK_BYTES)
    },
    async *list({ root, recurse, recursionDepth }) {
      const path = root === '' || root === '/' ? '' : root.replace(/\/+$/, '')
      if (path !== '') absolute(path)
      const files = filesOf(node)
      if (!files.has(path) && !isDirectory(node, path)) throw missing(root)
      const depth = !recurse ? 1 : recursionDepth > 0 ? recursionDepth : MAX_DEPTH
      for (const info of walk(node, files, path, depth)) yield info
    },
    async *diskUsage({ paths, recursionDepth, all }) {
      for (const path of paths) {
        const inside = [...filesOf(node)].filter(([name]) => name.startsWith(path === '/' ? '/' : `${path}/`))
        const size = inside.reduce((sum, [, content]) => sum + content.length, 0)
        if (all && recursionDepth !== 0)
          for (const [name, content] of inside)
            yield create(DiskUsageInfoSchema, { name, size: BigInt(content.length), relativeName: name })
        yield create(DiskUsageInfoSchema, { name: path, size: BigInt(size), relativeName: path })
      }
    },
  }
}

function absolute(path: string): void {
  if (!path.startsWith('/')) throw new ConnectError(`path is not absolute ${path}`, Code.Unknown)
}

const missing = (path: string): ConnectError =>
  new ConnectError(`stat ${path}: no such file or directory`, Code.Unknown)

const isDirectory = (node: TalosNode, path: string): boolean =>
  path === '' || [...filesOf(node).keys()].some((name) => name.startsWith(`${path}/`))

/** A directory and what is in it, names relative to where the walk began. */
function* walk(node: TalosNode, files: ReadonlyMap<string, string>, root: string, depth: number): Generator<FileInfo> {
  const modified = BigInt(Math.floor(node.bootedAt / 1000))
  const seen = new Set<string>()
  const content = files.get(root)
  if (content !== undefined) {
    const name = root.split('/').at(-1) ?? ''
    yield create(FileInfoSchema, {
      name: root,
      relativeName: name,
      size: BigInt(content.length),
      mode: FILE_MODE,
      modified,
    })
    return
  }
  const directory = (name: string, relativeName: string) =>
    create(FileInfoSchema, { name, relativeName, isDir: true, mode: GO_DIRECTORY + DIRECTORY_MODE, modified })
  yield directory(root === '' ? '/' : root, '.')
  for (const [path, text] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!path.startsWith(`${root}/`)) continue
    const parts = path.slice(root.length + 1).split('/')
    for (let level = 1; level <= Math.min(parts.length, depth); level += 1) {
      const relativeName = parts.slice(0, level).join('/')
      if (seen.has(relativeName)) continue
      seen.add(relativeName)
      const name = `${root}/${relativeName}`
      yield level === parts.length
        ? create(FileInfoSchema, { name, relativeName, size: BigInt(text.length), mode: FILE_MODE, modified })
        : directory(name, relativeName)
    }
  }
}

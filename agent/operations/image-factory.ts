import { request } from 'undici'
import { z } from 'zod'
import { err, ok, type Result } from '#core/base/result.ts'
import { problem, type Problem } from '#core/model/problem.ts'
import { bootFilePath, installerImageOf, type ImageOf, type Schematic } from '#core/talos/schematic.ts'
import { schematicYaml } from '#core/talos/schematic-yaml.ts'
import type { Dialer } from '../dialer.ts'
import { createHttp } from '../http.ts'
import type { ImageFactory } from './deps.ts'

/** An Image Factory over HTTP, the public one or an own one. Source: image-factory 1.5.0; facts talos.md §6. */
export interface FactoryClient extends ImageFactory {
  /** Tells the factory of a schematic; asked again in the life of this client, it answers without another call. */
  register(schematic: Schematic): Promise<Result<string, Problem>>
  /** Talos versions that it makes images of, as in `v1.13.9`. */
  versions(): Promise<Result<readonly string[], Problem>>
  /** The official extensions of a Talos version. Problem `image-unavailable`: it knows no such version. */
  extensions(talosVersion: string): Promise<Result<readonly OfficialExtension[], Problem>>
  /** Where a machine of a platform finds what it boots from. */
  bootFileUrl(image: ImageOf): string
  /** The reference of the installer, at this factory. */
  installerImage(image: ImageOf): string
}

export interface OfficialExtension {
  /** As in `siderolabs/qemu-guest-agent`. */
  readonly name: string
  readonly ref: string
  readonly digest: string
}

const MAX_LIST = 10_000
const text = z.string().max(1024)
const Registered = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) })
const Versions = z.array(text).max(MAX_LIST)
const Extensions = z.array(z.object({ name: text, ref: text, digest: text })).max(MAX_LIST)

/** A public service on the Internet; it answers in well under a second when it is well. */
const CALL_TIMEOUT_MS = 20_000
const MAX_REASON_CHARS = 300
/** Schematics of a site are a handful; the oldest is simply posted again. */
const MAX_REMEMBERED = 100

/** `url` as in `https://factory.talos.dev`; the host of it is also that of the installer images. */
export function createImageFactory(dialer: Dialer, url: string): FactoryClient {
  const base = url.replace(/\/+$/, '')
  const { host } = new URL(base)
  const http = createHttp(dialer, { tls: {}, timeoutMs: CALL_TIMEOUT_MS })
  const registered = new Map<string, string>()

  async function call<T>(path: string, answerOf: z.ZodType<T>, body?: string): Promise<Result<T, Problem>> {
    try {
      const answer = await request(base + path, {
        dispatcher: http,
        ...(body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/yaml' }, body }),
      })
      const said = await answer.body.text()
      if (answer.statusCode >= 300) {
        const facts = { url: base, status: answer.statusCode, reason: said.slice(0, MAX_REASON_CHARS) }
        return err(problem(answer.statusCode >= 500 ? 'factory-unreachable' : 'image-unavailable', facts))
      }
      return ok(answerOf.parse(JSON.parse(said)))
    } catch (error) {
      // Every call only reads, or registers by content: a lost answer needs no second look.
      const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_CHARS)
      return err(problem('factory-unreachable', { url: base, reason }))
    }
  }

  return {
    host,
    async register(schematic) {
      const body = schematicYaml(schematic)
      const known = registered.get(body)
      if (known !== undefined) return ok(known)
      const answer = await call('/schematics', Registered, body)
      if (!answer.ok) return answer
      const [oldest] = registered.keys()
      if (registered.size >= MAX_REMEMBERED && oldest !== undefined) registered.delete(oldest)
      registered.set(body, answer.value.id)
      return ok(answer.value.id)
    },
    versions: () => call('/versions', Versions),
    extensions: (talosVersion) => call(`/version/${encodeURIComponent(talosVersion)}/extensions/official`, Extensions),
    bootFileUrl: (image) => base + bootFilePath(image),
    imageUrl: (schematicId, version, file) =>
      base + (file === undefined ? bootFilePath({ schematicId, version }) : `/image/${schematicId}/${version}/${file}`),
    installerImage: (image) => installerImageOf(image, host),
  }
}

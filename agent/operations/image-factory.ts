import { request } from 'undici'
import { z } from 'zod'
import { err, ok } from '#core/base/result.ts'
import { problem } from '#core/model/problem.ts'
import { diskImagePath, schematicYaml } from '#core/talos/schematic.ts'
import type { Dialer } from '../dialer.ts'
import { createHttp } from '../http.ts'
import type { ImageFactory } from './deps.ts'

/** The Image Factory over HTTP. Source: image-factory 1.5.0; facts talos.md §6. */

const Registered = z.object({ id: z.string().regex(/^[0-9a-f]{64}$/) })
/** A public service on the Internet; it answers in well under a second when it is well. */
const CALL_TIMEOUT_MS = 20_000
const MAX_REASON_CHARS = 300

/** `url` as in `https://factory.talos.dev`. */
export function createImageFactory(dialer: Dialer, url: string): ImageFactory {
  const base = url.replace(/\/+$/, '')
  const http = createHttp(dialer, { tls: {}, timeoutMs: CALL_TIMEOUT_MS })
  return {
    async register(schematic) {
      try {
        const answer = await request(`${base}/schematics`, {
          dispatcher: http,
          method: 'POST',
          headers: { 'content-type': 'application/yaml' },
          body: schematicYaml(schematic),
        })
        const text = await answer.body.text()
        if (answer.statusCode >= 300) {
          const facts = { url: base, status: answer.statusCode, reason: text.slice(0, MAX_REASON_CHARS) }
          return err(problem(answer.statusCode >= 500 ? 'factory-unreachable' : 'image-unavailable', facts))
        }
        return ok(Registered.parse(JSON.parse(text)).id)
      } catch (error) {
        // Registering is idempotent by content, so a lost answer needs no second look.
        const reason = (error instanceof Error ? error.message : String(error)).slice(0, MAX_REASON_CHARS)
        return err(problem('factory-unreachable', { url: base, reason }))
      }
    },
    imageUrl: (schematicId, talosVersion) => base + diskImagePath(schematicId, talosVersion),
  }
}

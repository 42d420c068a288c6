import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'
import type { ClusterStatus } from '#core/model/status.ts'
import { ROOT } from './run-process.ts'
import type { StageApi } from './api.ts'

/** The documents of the first story, as the API takes them. */
export function homelab(): Record<string, any>[] {
  return parseAllDocuments(readFileSync(`${ROOT}examples/homelab.yaml`, 'utf8')).map((document) => document.toJS() as Record<string, never>)
}

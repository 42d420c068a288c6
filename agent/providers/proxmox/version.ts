import { err, ok, type Result } from '#core/base/result.ts'
import type { CallFailure, ProxmoxHttp } from './http.ts'
import { path } from './http.ts'
import { parseVersion, toRow, toText } from './parse.ts'

/** `GET /nodes/{node}/version`: the release of one host, as in [9, 2, 11]; members of a cluster may differ for a while. */
export async function hostVersion(http: ProxmoxHttp, host: string): Promise<Result<readonly number[], CallFailure>> {
  const answer = await http.get(path`/nodes/${host}/version`)
  if (!answer.ok) return err(answer.error)
  return ok(parseVersion(toText(toRow(answer.value)['version']) ?? ''))
}

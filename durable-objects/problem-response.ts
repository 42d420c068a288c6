import { PROBLEM_KINDS, type Problem } from '#core/model/problem.ts'

/** A problem as `application/problem+json`; `extra` members stand beside the standard ones. */
export function problemResponse(found: Problem, extra: Readonly<Record<string, unknown>> = {}): Response {
  const kind = PROBLEM_KINDS[found.code]
  const body = {
    type: `https://lanline.dev/problems/${found.code}`,
    title: kind.title,
    status: kind.status,
    detail: kind.title,
    code: found.code,
    advice: kind.advice,
    facts: found.facts,
    ...extra,
  }
  return new Response(JSON.stringify(body), {
    status: kind.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  })
}

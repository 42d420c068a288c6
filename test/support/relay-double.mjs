import { DurableObject } from 'cloudflare:workers'

/**
 * A small relay script for tests of the API Worker: both object classes, answering as they are told and writing down
 * what they were asked. Tests speak to it through `fetch`: PUT /answers sets answers by method, GET /calls reads calls.
 */
class Recorder extends DurableObject {
  async record(method, args) {
    const calls = (await this.ctx.storage.get('calls')) ?? []
    await this.ctx.storage.put('calls', [...calls, { method, args }])
    const answers = (await this.ctx.storage.get('answers')) ?? {}
    if (answers[method]?.throws) throw new Error(answers[method].throws)
    return answers[method]
  }

  async fetch(request) {
    const url = new URL(request.url)
    if (url.pathname === '/answers') {
      await this.ctx.storage.put('answers', await request.json())
      return new Response(null, { status: 204 })
    }
    if (url.pathname === '/calls') return Response.json((await this.ctx.storage.get('calls')) ?? [])
    return await this.follow(request, url)
  }

  async follow(request, url) {
    const told = { search: url.search, headers: Object.fromEntries(request.headers) }
    if (request.headers.get('Upgrade') !== 'websocket')
      return new Response(`data: ${JSON.stringify(told)}\n\n`, { headers: { 'content-type': 'text/event-stream' } })
    const [client, server] = Object.values(new WebSocketPair())
    server.accept()
    server.send(JSON.stringify(told))
    return new Response(null, { status: 101, webSocket: client })
  }
}

export class ClusterObject extends Recorder {
  async wake(...args) {
    await this.record('wake', args)
  }
  async operations(...args) {
    return (await this.record('operations', args)) ?? []
  }
  async operation(...args) {
    return await this.record('operation', args)
  }
  async decide(...args) {
    return (await this.record('decide', args)) ?? { ok: true }
  }
  async remembered(...args) {
    return (await this.record('remembered', args)) ?? { bootstrap: undefined, machines: [], operations: [], locks: [] }
  }
}

export class SiteObject extends Recorder {
  async wake(...args) {
    await this.record('wake', args)
  }
  async dismiss(...args) {
    await this.record('dismiss', args)
  }
  async ledger(...args) {
    const seen = { hosts: [], storages: [], bridges: [], guests: [], machines: [], nodes: [] }
    const answer = await this.record('ledger', args)
    return answer ?? { placements: [], seen, seenAt: undefined, online: false }
  }
}

export class LaneObject extends Recorder {
  async dismiss(...args) {
    await this.record('dismiss', args)
  }
}

// oxlint-disable-next-line import/no-default-export -- a Worker needs one
export default { fetch: () => new Response(null, { status: 404 }) }

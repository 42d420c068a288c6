/** The local control plane's one door: the agents' Worker under /relay, the people's Worker everywhere else. */
interface Service {
  fetch(request: Request): Promise<Response>
}

export default {
  fetch: (request: Request, env: { readonly API: Service; readonly RELAY: Service }): Promise<Response> =>
    (new URL(request.url).pathname.startsWith('/relay/') ? env.RELAY : env.API).fetch(request),
}

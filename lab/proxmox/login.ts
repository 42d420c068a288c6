import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Failure } from './failure.ts'
import { checkParameters, needed, text, type ParameterTable } from './parameter.ts'
import type { LabTime } from '#lab/time.ts'
import type { AccessControl, Identity, Token, User } from './access.ts'

/** Tickets that are valid at once. */
const MAX_TICKETS = 200

const PARAMETERS: ParameterTable = {
  'new-format': { type: 'boolean', optional: true },
  otp: text(),
  password: needed(text()),
  path: text({ maxLength: 64, requires: 'privs' }),
  privs: text({ maxLength: 64, requires: 'path' }),
  realm: text({ maxLength: 32 }),
  'tfa-challenge': text(),
  username: needed(text({ maxLength: 64 })),
}

export const LOGIN_PARAMETERS = PARAMETERS

export interface Ticket {
  readonly user: string
  readonly csrf: string
}

/** Who a request comes from: an API token, or a ticket with its anti-forgery token. */
export class Login {
  readonly #access: AccessControl
  readonly #tickets: Map<string, Ticket>
  readonly #time: LabTime

  constructor(access: AccessControl, tickets: Map<string, Ticket>, time: LabTime) {
    this.#access = access
    this.#tickets = tickets
    this.#time = time
  }

  /** Throws the 401 that the caller must be kept waiting for. */
  identify(request: IncomingMessage): Identity {
    const header = request.headers.authorization ?? ''
    const token = /^PVEAPIToken[= ](\S+?)!([^=\s]+)=(\S+)$/.exec(header)
    if (token) return this.#byToken(token[1] ?? '', token[2] ?? '', token[3] ?? '')
    const cookie = request.headers.cookie ?? (header.startsWith('PVEAuthCookie=') ? header : '')
    const ticket = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(cookie)?.[1]
    if (ticket === undefined) throw new Failure(401, 'No ticket')
    return this.#byTicket(decodeURIComponent(ticket), request)
  }

  #byToken(user: string, name: string, secret: string): Identity {
    const account = this.#access.users.get(user)
    const token = account?.tokens.get(name)
    if (!account || !token || token.secret !== secret || !this.#isGood(account, token))
      throw new Failure(401, 'Authentication failed!')
    return { user, token: name }
  }

  #byTicket(ticket: string, request: IncomingMessage): Identity {
    const known = this.#tickets.get(ticket)
    const account = known && this.#access.users.get(known.user)
    if (!known || !account || !this.#isGood(account)) throw new Failure(401, 'Authentication failed!')
    if (request.method !== 'GET' && request.headers['csrfpreventiontoken'] !== known.csrf)
      throw new Failure(401, 'Permission denied - invalid csrf token')
    return { user: known.user, token: undefined }
  }

  /** A disabled or expired account and an expired token look like a wrong secret. */
  #isGood(user: User, token?: Token): boolean {
    const nowS = this.#time.now() / 1000
    const lasts = ({ expire }: { readonly expire: number }): boolean => expire === 0 || expire > nowS
    return user.enabled && lasts(user) && (token === undefined || lasts(token))
  }

  /** `POST /access/ticket`. A ticket may be given in place of the password. */
  ticket(sent: ReadonlyMap<string, string>): unknown {
    const parameters = checkParameters(PARAMETERS, sent)
    const name = parameters.get('username') ?? ''
    const realm = parameters.get('realm')
    const username = realm !== undefined && !name.includes('@') ? `${name}@${realm}` : name
    const password = parameters.get('password') ?? ''
    const user = this.#access.users.get(username)
    const right = user?.password !== undefined && user.password === password && this.#isGood(user)
    if (!right && this.#tickets.get(password)?.user !== username) throw new Failure(401, 'authentication failure')
    const stamp = Math.floor(Date.now() / 1000)
      .toString(16)
      .toUpperCase()
    const ticket = `PVE:${username}:${stamp}::${randomBytes(32).toString('base64')}`
    const csrf = `${stamp}:${randomBytes(24).toString('base64')}`
    if (this.#tickets.size >= MAX_TICKETS) this.#tickets.clear()
    this.#tickets.set(ticket, { user: username, csrf })
    return {
      username,
      ticket,
      CSRFPreventionToken: csrf,
      cap: this.#capabilities({ user: username, token: undefined }),
    }
  }

  /** Which parts of the web interface make sense for the user. */
  #capabilities(who: Identity): Record<string, Record<string, number>> {
    const families = [
      ['access', '/access', /^(User\.Modify|Group\.Allocate|Permissions\.Modify)$/],
      ['dc', '/', /^(SDN\.|Sys\.(Audit|Modify)$)/],
      ['mapping', '/mapping', /^(Mapping\.|Permissions\.Modify$)/],
      ['nodes', '/nodes', /^(Sys\.|Permissions\.Modify$)/],
      ['sdn', '/sdn', /^(SDN\.|Permissions\.Modify$)/],
      ['storage', '/storage', /^(Datastore\.|Permissions\.Modify$)/],
      ['vms', '/vms', /^(VM\.|Permissions\.Modify$)/],
    ] as const
    return Object.fromEntries(
      families.map(([family, path, pattern]) => [
        family,
        Object.fromEntries(
          this.#access.allPrivileges
            .filter((privilege) => pattern.test(privilege) && this.#access.may(who, path, privilege))
            .map((privilege) => [privilege, 1]),
        ),
      ]),
    )
  }
}

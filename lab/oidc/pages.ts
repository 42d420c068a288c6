/** The few pages people see, and the errors programs get. */
export const html = (text: string, status: number): Response =>
  new Response(`<!doctype html><title>lab</title><p>${text}</p>`, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })

export function choosePage(url: URL, people: readonly { readonly subject: string }[]): Response {
  const links = people.map(({ subject }) => {
    const next = new URL(url)
    next.searchParams.set('person', subject)
    return `<a href="${next.pathname}${next.search.replaceAll('&', '&amp;')}">${subject}</a>`
  })
  return html(`Who are you? ${links.join(' ')}`, 200)
}

/** Source: RFC 6749 §5.2. */
export const oauthError = (error: string, status = 400): Response => Response.json({ error }, { status })

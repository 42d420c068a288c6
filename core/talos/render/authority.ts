import { isControlPlane, type ConfigDocument, type RenderInput } from './document.ts'

/** Only control planes may hold keys of certificate authorities; Talos refuses a worker that does. */
export const authorityFor = (
  input: RenderInput,
  pair: { readonly crt: string; readonly key: string },
): ConfigDocument => ({
  crt: pair.crt,
  key: isControlPlane(input) ? pair.key : '',
})

/** The Ready condition of a Kubernetes object: `True`, `False`, or `Unknown` when it has none. */
export function readyOf(object: { readonly [field: string]: unknown }): string {
  const status = object['status'] as
    | { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
    | undefined
  return status?.conditions?.find((condition) => condition.type === 'Ready')?.status ?? 'Unknown'
}

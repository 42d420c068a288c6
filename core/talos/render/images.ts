/** The images of Kubernetes itself. `version` as in `v1.36.3`. */
export const kubeletImage = (version: string): string => `ghcr.io/siderolabs/kubelet:${version}`

export type Component = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kube-proxy'

export const componentImage = (component: Component, version: string): string =>
  `registry.k8s.io/${component}:${version}`

import type { TalosNode } from '../node.ts'

/** Which Talos runs here, and on what. */
export function version(node: TalosNode) {
  return {
    messages: [
      {
        version: {
          tag: node.disk?.talosVersion ?? '',
          sha: '1f2c3d4',
          built: '',
          goVersion: node.edition.goVersion,
          os: 'linux',
          arch: 'amd64',
        },
        platform: { name: 'nocloud', mode: 'cloud' },
        features: { rbac: true },
      },
    ],
  }
}

/** The files inside one pod, as far as somebody copies some in or out. They live as long as the lab. */
export interface PodFile {
  readonly content: Buffer
  readonly mode: number
}

/** Copies of people's files: enough to try a large one, not enough to fill the machine. */
const MAX_TOTAL_BYTES = 256 * 1024 * 1024

export class PodFiles {
  readonly #files = new Map<string, PodFile>()
  #totalBytes = 0

  constructor(podName: string) {
    this.put('/etc/hostname', { content: Buffer.from(`${podName}\n`), mode: 0o644 })
  }

  get(path: string): PodFile | undefined {
    return this.#files.get(path)
  }

  /** False when the pod is full. */
  put(path: string, file: PodFile): boolean {
    const total = this.#totalBytes + file.content.length - (this.#files.get(path)?.content.length ?? 0)
    if (total > MAX_TOTAL_BYTES) return false
    this.#totalBytes = total
    this.#files.set(path, file)
    return true
  }

  /** The file of that name, or all below a folder. */
  below(path: string): readonly (readonly [string, PodFile])[] {
    const folder = path.endsWith('/') ? path : `${path}/`
    return [...this.#files].filter(([name]) => name === path || name.startsWith(folder))
  }
}

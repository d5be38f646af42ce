/**
 * Which provider ran each node, by ONNX Runtime's own profile [MO5]: asking for one says nothing, because what it cannot
 * run goes to the CPU without a word. The profile is a file; it is read and deleted.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface Profile {
  /** For the session's options. */
  readonly options: { enableProfiling: true; profileFilePrefix: string }
  /** Nodes run per provider since the session was opened; `end` is the session's endProfiling. Deletes the file. */
  nodes(end: () => void): Promise<Record<string, number>>
  discard(): Promise<void>
}

/** `inFolder`: whoever starts the process clears it, because a process that crashes does not. */
export async function startProfile(inFolder: string): Promise<Profile> {
  const folder = await mkdtemp(join(inFolder, 'profile-'))
  const discard = () => rm(folder, { recursive: true, force: true })
  return {
    options: { enableProfiling: true, profileFilePrefix: join(folder, 'profile') },
    async nodes(end) {
      try {
        end()
        const files = await readdir(folder)
        return countNodes(await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8'))))
      } finally {
        await discard()
      }
    },
    discard,
  }
}

/** Events of a profile that say a node ran: one for each node and run. */
export function countNodes(profiles: readonly string[]): Record<string, number> {
  const nodes: Record<string, number> = {}
  for (const profile of profiles) {
    const events = JSON.parse(profile) as { cat?: string; name?: string; args?: { provider?: string } }[]
    for (const { cat, name, args } of events) {
      // Copies to and from a device are no work of the model's.
      if (cat !== 'Node' || !args?.provider || !name?.endsWith('_kernel_time') || /Memcpy/.test(name))
        continue
      nodes[args.provider] = (nodes[args.provider] ?? 0) + 1
    }
  }
  return nodes
}

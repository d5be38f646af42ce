/**
 * A GPU for machines without one: SwiftShader, Vulkan in software, as it comes with the test Chromium. A process looks for
 * its libraries when it starts, so the variables are for a child. Linux x64 only.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { packageRoot } from '../../src/core/package-layout.ts'

const driver = 'vk_swiftshader_icd.json'

/** null where there is none to be had. */
export function softwareVulkan(): Record<string, string> | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return null
  const chromium = join(packageRoot(), 'node_modules', '@sparticuz', 'chromium')
  const archive = join(chromium, 'bin', 'swiftshader.tar.br')
  if (!existsSync(archive)) return null
  const { version } = JSON.parse(readFileSync(join(chromium, 'package.json'), 'utf8')) as { version: string }
  const folder = join(tmpdir(), `manifold-test-vulkan-${userInfo().username}-${version}`)
  if (!existsSync(join(folder, driver))) {
    mkdirSync(dirname(folder), { recursive: true })
    const making = mkdtempSync(`${folder}-`)
    execFileSync('tar', ['-x', '-C', making], { input: brotliDecompressSync(readFileSync(archive)) })
    try {
      renameSync(making, folder)
    } catch {
      // Another test was faster; its copy is as good.
      rmSync(making, { recursive: true, force: true })
    }
  }
  return { VK_ICD_FILENAMES: join(folder, driver), LD_LIBRARY_PATH: folder }
}

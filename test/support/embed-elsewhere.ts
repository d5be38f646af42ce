/** In a process of its own: embeds the texts of a message with one model, and answers their bytes. For the tests of [MO2]. */
import { createEmbedder } from '../../src/core/embed/embedder.ts'
import { startInference } from '../../src/core/models/inference.ts'
import { loadModel } from '../../src/core/models/load.ts'
import { createNodeHost } from '../../src/core/node-host.ts'

export interface Elsewhere {
  folder: string
  builtInDir: string
  threads: number
  texts: string[]
}

process.once('message', async ({ folder, builtInDir, threads, texts }: Elsewhere) => {
  const inference = startInference(createNodeHost(), { threads })
  const embedder = await createEmbedder({ inference, model: await loadModel(folder, { builtInDir }) })
  const documents = await embedder.embedDocuments(texts)
  const queries: Float32Array[] = []
  for (const text of texts) queries.push(await embedder.embedQuery(text))
  process.send!({ documents, queries })
  await inference.close()
  process.disconnect()
})

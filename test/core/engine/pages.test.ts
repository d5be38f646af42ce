import { PDFDocument, StandardFonts } from 'pdf-lib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createEngineFixture, type EngineFixture } from '../../support/engine-fixture.ts'

let fixture: EngineFixture

beforeAll(async () => {
  fixture = await createEngineFixture()
  const pdf = await PDFDocument.create()
  const font = await pdf.embedFont(StandardFonts.Helvetica)
  // Short pages: one passage runs over all of them.
  for (const text of [
    'Preface of the manual. It says for whom it was written.',
    'The walnut press is cleaned with warm water after every use.',
    'Warranty ends when the seal is broken by the owner.',
  ]) {
    pdf.addPage([400, 300]).drawText(text, { x: 40, y: 200, size: 11, font })
  }
  fixture.write('manual.pdf', await pdf.save())
  await fixture.addNotes()
}, 60_000)

afterAll(() => fixture?.close())

it('[EX1] a hit names the page of the sentence that fits, not the first page of its passage', async () => {
  const { hits } = await fixture.search({ query: 'when does the warranty end' })
  expect(hits[0]?.chunk).toMatchObject({ page: 3 })
  const again = await fixture.search({ query: 'cleaning the walnut press' })
  expect(again.hits[0]?.chunk).toMatchObject({ page: 2 })
  const location = await fixture.engine.search.locate({
    chunkId: again.hits[0]!.chunk.id,
    documentId: again.hits[0]!.document.id,
  })
  const page = location.pages.find((one) => one.page === 2)
  expect(page?.boxes.length).toBe(1)
  const [x0, y0, x1, y1] = page!.boxes[0]!
  expect(x0).toBeCloseTo(40, 0)
  expect(y0).toBeLessThan(200)
  expect(y1).toBeGreaterThan(205)
  expect(x1).toBeGreaterThan(250)
})

/**
 * Every way files get in: drop, picker, paste. The desktop app links them where they are; a browser sends their bytes.
 * Text from the clipboard becomes a note in either.
 */
import { createContext, use, useCallback, useMemo, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Linked } from '../../shared/shell.ts'
import { useAct } from '../hooks/useAct.ts'
import { useEngine } from '../hooks/engine.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { notify } from '../parts/notify.tsx'
import { collect, collectPicked, entriesOf, type Collected } from './collect.ts'
import { pick } from './pick.ts'
import { createUploads, type Uploads } from './uploads.ts'

export interface Add {
  uploads: Uploads
  drop(transfer: DataTransfer): void
  paste(transfer: DataTransfer): boolean
  pickFiles(): void
  pickFolder(): void
}

const AddContext = createContext<Add | null>(null)
const fileLimit = 20_000

export function useAdd(): Add {
  const add = use(AddContext)
  if (!add) throw new Error('no AddProvider above this component')
  return add
}

export function AddProvider({ children }: { children: ReactNode }) {
  const { upload } = useEngine()
  const act = useAct()
  const { t } = useTranslation()
  const words = useWords()
  const format = useFormat()
  const [uploads] = useState(() => createUploads(upload))

  const tellLimit = useCallback(
    () => void notify(t('add.tooMany', { limit: format.number(fileLimit) })),
    [t, format],
  )

  const send = useCallback(
    async (files: Collected[]) => {
      if (files.length === 0) return
      if (files.length === fileLimit) tellLimit()
      await uploads.add([files])
    },
    [uploads, tellLimit],
  )

  const tell = useCallback(
    (linked: Linked | null | undefined) => {
      if (!linked) return
      const lines = [
        linked.documents > 0 ? t('add.added', { count: linked.documents }) : t('add.addedNothing'),
        ...(linked.unchanged > 0 ? [t('add.unchanged', { count: linked.unchanged })] : []),
        ...(linked.refused.length > 0 ? [t('add.refused', { count: linked.refused.length })] : []),
      ]
      notify(
        <>
          {lines.map((line) => (
            <div key={line}>{line}</div>
          ))}
          {linked.refused.slice(0, 5).map(({ path, reason }) => (
            <div key={path}>
              {path}: {words.reason({ code: reason, data: {} })}
            </div>
          ))}
        </>,
        { closeAfterMs: linked.refused.length > 0 ? 15_000 : 4000 },
      )
    },
    [t, words],
  )

  const add = useMemo<Add>(() => {
    const shell = window.manifold
    return {
      uploads,
      drop(transfer) {
        if (shell) {
          const files = [...transfer.files]
          if (files.length > 0) void act(async () => tell(await shell.addDropped(files)))
          return
        }
        const entries = entriesOf(transfer)
        void act(async () => {
          await uploads.add(collect(entries, fileLimit, tellLimit))
        })
      },
      paste(transfer) {
        const files = [...transfer.files]
        if (files.length > 0) {
          void act(() => send(collectPicked(files, fileLimit)))
          return true
        }
        const text = transfer.getData('text/plain')
        if (text.trim() === '') return false
        const name = t('add.noteName', { date: stamp(new Date()) })
        const file = new File([text], `${name}.md`, { type: 'text/markdown', lastModified: Date.now() })
        void act(async () => {
          await send([{ name: file.name, file }])
          notify(t('add.noteAdded'))
        })
        return true
      },
      pickFiles() {
        if (shell) void act(async () => tell(await shell.pickFiles()))
        else void act(async () => send(collectPicked(await pick(false), fileLimit)))
      },
      pickFolder() {
        if (shell) void act(async () => tell(await shell.pickFolder()))
        else void act(async () => send(collectPicked(await pick(true), fileLimit)))
      },
    }
  }, [uploads, act, send, tell, tellLimit, t])

  return <AddContext value={add}>{children}</AddContext>
}

/** 2026-11-21 11.05.09: sorts well, and every file system takes it. */
function stamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}.${two(date.getMinutes())}.${two(date.getSeconds())}`
}

/** Remove, with ten seconds to undo it; and Forget completely, which asks, erases, and says where it looked [DA5]. */
import { Button, Modal, Text } from '@mantine/core'
import { useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { useAct } from '../hooks/useAct.ts'
import { useDocumentActions } from '../hooks/useDocuments.ts'
import { Confirm } from '../parts/Confirm.tsx'
import { closeNotice, notify } from '../parts/notify.tsx'
import { useWindow } from '../shell/useWindow.tsx'
import classes from './useRemoval.module.css'

export interface Removal {
  remove(ids: number[]): void
  askForget(ids: number[]): void
  dialogs: ReactNode
}

interface Forgotten {
  traces: string[]
  searched: string[]
}

const undoMs = 10_000

export function useRemoval(onDone: () => void): Removal {
  const { t } = useTranslation()
  const act = useAct()
  const documents = useDocumentActions()
  const { closeReader } = useWindow()
  const [asked, setAsked] = useState<number[] | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [forgotten, setForgotten] = useState<Forgotten | null>(null)

  const remove = (ids: number[]) =>
    void act(async () => {
      await documents.remove(ids)
      onDone()
      closeReader()
      const id = `removed-${ids[0]}-${Date.now()}`
      const undo = () => {
        closeNotice(id)
        void act(async () => {
          await documents.restore(ids)
          notify(t('library.restored'))
        })
      }
      notify(
        <div className={classes.notice}>
          <span>{t('library.removedHint')}</span>
          <Button variant="default" onClick={undo} data-testid="undo">
            {t('library.undo')}
          </Button>
        </div>,
        { id, title: t('library.removed', { count: ids.length }), closeAfterMs: undoMs },
      )
    })

  const forget = () =>
    void act(async () => {
      setBusy(true)
      try {
        const answer = await documents.forget(asked ?? [])
        closeReader()
        onDone()
        setForgotten(answer)
      } finally {
        setBusy(false)
        setAsked(null)
      }
    })

  const dialogs = (
    <>
      <Confirm
        opened={asked !== null}
        title={t('library.forgetTitle')}
        confirm={t('library.forgetConfirm')}
        danger
        busy={isBusy}
        testId="forget-confirm"
        onConfirm={forget}
        onClose={() => setAsked(null)}
      >
        <Text size="sm">{t('library.forgetBody', { count: asked?.length ?? 0 })}</Text>
        {isBusy && (
          <Text size="sm" mt="sm" c="dimmed">
            {t('library.forgetting')}
          </Text>
        )}
      </Confirm>
      <Modal
        opened={forgotten !== null}
        onClose={() => setForgotten(null)}
        title={
          <Text fw={600}>{forgotten?.traces.length === 0 ? t('library.noTrace') : t('library.traces')}</Text>
        }
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        <div data-testid="forgotten">
          {forgotten && forgotten.traces.length > 0 && <List items={forgotten.traces} />}
          <Text size="sm" c="dimmed">
            {t('library.searched')}
          </Text>
          <List items={forgotten?.searched ?? []} />
        </div>
      </Modal>
    </>
  )
  return { remove, askForget: setAsked, dialogs }
}

function List({ items }: { items: string[] }) {
  return (
    <ul className={classes.list}>
      {items.map((item) => (
        <li key={item}>{item}</li>
      ))}
    </ul>
  )
}

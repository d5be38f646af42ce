/** What was not read, grouped by what a person can do about it. */
import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DocumentSummary } from '../../shared/document.ts'
import { useAct } from '../hooks/useAct.ts'
import { useDocumentActions, useProblems } from '../hooks/useDocuments.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { groupOf, type ReasonGroup } from '../i18n/useWords.ts'
import classes from './Problems.module.css'

/** Nothing changes by asking again where only the person can change the file into another. */
const notRetried = new Set<ReasonGroup>(['unsupported', 'empty', 'partial'])

export function Problems() {
  const { t } = useTranslation()
  const format = useFormat()
  const act = useAct()
  const { retry } = useDocumentActions()
  const groups = new Map<ReasonGroup, DocumentSummary[]>()
  for (const document of useProblems(true)) {
    const group = document.reason ? groupOf[document.reason.code] : 'broken'
    groups.set(group, [...(groups.get(group) ?? []), document])
  }
  if (groups.size === 0) return null
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length)
  return (
    <section className={classes.groups} aria-label={t('library.problems')} data-testid="problems">
      {sorted.map(([group, documents]) => (
        <div key={group} className={classes.group} data-testid={`problem-${group}`}>
          <span className={classes.number}>{format.number(documents.length)}</span>
          <span className={classes.text}>
            <strong>{t(`groups.${group}.title`)}</strong>
            <span>{t(`groups.${group}.todo`)}</span>
          </span>
          {!notRetried.has(group) && (
            <Button
              variant="default"
              onClick={() => void act(() => retry(documents.map((document) => document.id)))}
              data-testid="retry"
            >
              {t('app.retry')}
            </Button>
          )}
        </div>
      ))}
    </section>
  )
}

/** What another index takes, in words: passages and languages, time, disk, and how much of the work is done already. */
import { useTranslation } from 'react-i18next'
import type { ReindexEstimate } from '../../shared/reindex.ts'
import type { ModelInfo } from '../../shared/status.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import classes from './BuildDialog.module.css'
import { coverage, isHere, scripts } from './coverage.ts'

/** From here on a script that a model does not read is named in its warning. */
const mattersFrom = 0.15

export const hasRoom = ({ addsBytes, freeBytes }: ReindexEstimate): boolean => addsBytes < freeBytes

/** What is said of a model beside the shares of scripts. */
const claims = {
  all: 'build.reads',
  noChinese: 'build.readsNoChinese',
  noLatin: 'build.readsNoLatin',
  unsure: null,
} as const

export function EstimateFacts({
  estimate,
  model,
}: {
  estimate: ReindexEstimate
  model: ModelInfo | undefined
}) {
  const { t } = useTranslation()
  const format = useFormat()
  const { chunks, documents, seconds, chunksPerSecond, toEmbed, cached, embedOnly, longest } = estimate
  const shares = scripts
    .filter((script) => isHere(estimate, script))
    .map((script) => t(`build.${script}`, { share: format.percent(estimate[script]) }))
  const claim = model && estimate.suits === 'yes' ? claims[coverage(estimate, model.languages)] : null
  const facts: [name: string, value: string, more?: string][] = [
    [
      t('build.library'),
      chunks === 0
        ? t('build.noPassages')
        : t('build.passages', {
            count: chunks,
            formatted: format.number(chunks),
            files: format.number(documents),
          }),
      [
        shares.join(t('units.listJoin')),
        ...(model && claim && shares.length > 0 ? [t(claim, { model: model.name })] : []),
      ].join(t('units.colon')),
    ],
    [
      t('build.time'),
      toEmbed === 0 || seconds === null || chunksPerSecond === null
        ? t('build.noTime')
        : seconds < 2
          ? t('build.aboutMoment', { rate: format.rate(chunksPerSecond) })
          : t('build.about', { time: format.duration(seconds), rate: format.rate(chunksPerSecond) }),
    ],
    [
      t('build.disk'),
      t('build.adds', { size: format.size(estimate.addsBytes), free: format.size(estimate.freeBytes) }),
    ],
    [
      t('build.work'),
      embedOnly ? t('build.embedOnly') : t('build.cutAnew'),
      !embedOnly && longest && longest.tokens > longest.limit
        ? t('build.tooLong', { tokens: format.number(longest.tokens), limit: format.number(longest.limit) })
        : cached > 0
          ? t('build.cached', { count: cached, formatted: format.number(cached) })
          : '',
    ],
  ]
  return (
    <>
      <dl className={classes.facts} data-testid="estimate">
        {facts.map(([name, value, more]) => (
          <Fact key={name} name={name} value={value} more={more} />
        ))}
      </dl>
      <Suits estimate={estimate} model={model} />
      {!hasRoom(estimate) && (
        <p className={classes.warn} role="alert">
          {t('build.noRoom', { size: format.size(estimate.addsBytes - estimate.freeBytes) })}
        </p>
      )}
    </>
  )
}

function Fact({ name, value, more }: { name: string; value: string; more: string | undefined }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        {value}
        {more && <small>{more}</small>}
      </dd>
    </>
  )
}

/** The warning in words where the model does not read what is here. */
function Suits({ estimate, model }: { estimate: ReindexEstimate; model: ModelInfo | undefined }) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  if (!model || estimate.suits === 'yes' || estimate.chunks === 0) return null
  if (estimate.suits === 'unknown') {
    return <p className={classes.warn}>{t('build.readsUnknown', { model: model.name })}</p>
  }
  const reads = (code: string) => model.languages.some((one) => one.startsWith(code))
  const { han, latin } = estimate
  return (
    <p className={classes.warn} role="alert" data-testid="suits-not">
      {format.sentences([
        t('build.onlyLanguages', { model: model.name, languages: words.languages(model.languages) }),
        ...(han >= mattersFrom && !reads('zh') ? [t('build.noChinese', { share: format.percent(han) })] : []),
        ...(latin >= mattersFrom && !reads('en')
          ? [t('build.noLatin', { share: format.percent(latin) })]
          : []),
      ])}
    </p>
  )
}

/** What each model showed before it is trusted, with its figures in plain words; and a test made afresh [MO4]. */
import { Button, Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ModelInfo, SelfTestReport, Status } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useModelActions, useModels, useSelfTest } from '../hooks/useModels.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import { Icon } from '../parts/Icon.tsx'
import settings from '../settings/Settings.module.css'
import classes from './Models.module.css'

export function ModelTests({ live }: { live: Status['live'] }) {
  const { t } = useTranslation()
  const models = useModels() ?? []
  return (
    <div className={settings.wide} data-testid="model-tests">
      <div className={settings.label}>{t('modelTests.title')}</div>
      <p className={settings.hint}>{t('modelTests.hint')}</p>
      <ul className={classes.tests}>
        {models.map((model) => (
          <ModelTest key={model.id} model={model} live={model.id === live.embeddingModel ? live : null} />
        ))}
      </ul>
    </div>
  )
}

/** `live`: of the model that answers; null of the others. */
function ModelTest({ model, live }: { model: ModelInfo; live: Status['live'] | null }) {
  const { t } = useTranslation()
  const words = useWords()
  const { report, error, isRunning, run } = useSelfTest(model.id)
  const failed = report?.checks.filter((check) => !check.ok).length ?? 0
  return (
    <li className={classes.test} data-testid={`test-of-${model.id}`}>
      <div className={classes.testHead}>
        <span className={classes.testName}>{model.name}</span>
        <span
          className={classes.testState}
          data-ok={isRunning || !report ? undefined : report.ok}
          role="status"
        >
          {isRunning
            ? t('modelTests.running')
            : !report
              ? t('modelTests.none')
              : report.ok
                ? t('modelTests.passed')
                : t('modelTests.failed', { count: failed })}
        </span>
        <Button
          variant="default"
          disabled={isRunning}
          leftSection={isRunning ? <Loader size={12} /> : undefined}
          aria-label={`${report ? t('modelTests.again') : t('modelTests.test')}, ${model.name}`}
          onClick={run}
          data-testid={`run-test-${model.id}`}
        >
          {report ? t('modelTests.again') : t('modelTests.test')}
        </Button>
      </div>
      {error && !isRunning && <p className={settings.problem}>{words.error(error)}</p>}
      {report && !isRunning && <Report report={report} live={live} />}
    </li>
  )
}

function Report({ report, live }: { report: SelfTestReport; live: Status['live'] | null }) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const act = useAct()
  const { override } = useModelActions()
  const { checks, canary } = report
  return (
    <>
      <ul className={classes.checks}>
        {checks.map((check) => (
          <Line
            key={check.name}
            ok={check.ok}
            name={t(`checkNames.${check.name}`)}
            figure={check.figure}
            hint={
              check.ok
                ? t(`checkHints.${check.name}`)
                : words.problem(check.name, t(`checkHints.${check.name}`))
            }
            detail={check.ok ? null : check.detail}
          />
        ))}
        {checks.some((check) => check.name === 'batched') && (
          <Line ok name={t('modelTests.batching')} figure={null} hint={t(`batchings.${report.batching}`)} />
        )}
        {live && canary && (
          <Line
            ok={live.canary === null}
            name={t('modelTests.canary')}
            figure={format.likeness(canary.worstCosine)}
            hint={
              live.canary
                ? t('modelTests.canaryDrifted')
                : canary.worstCosine < 1
                  ? t('modelTests.canaryNear')
                  : t('modelTests.canarySame')
            }
          />
        )}
      </ul>
      <p className={classes.tested}>
        {t('modelTests.tested', { when: format.moment(new Date(report.measuredAt)) })}
        {report.overridden && ` · ${t('modelTests.overridden')} `}
        {report.overridden && (
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => void act(() => override(report.modelId, false))}
          >
            {t('manager.overrideOff')}
          </Button>
        )}
      </p>
    </>
  )
}

interface LineProps {
  ok: boolean
  name: string
  figure: string | null
  hint: string
  /** In English: what the check itself said. */
  detail?: string | null
}

function Line({ ok, name, figure, hint, detail = null }: LineProps) {
  const { t } = useTranslation()
  const format = useFormat()
  const [, tokens] = /^(\d+) tokens$/.exec(figure ?? '') ?? []
  const shown = tokens
    ? t('modelTests.tokens', { formatted: format.number(Number(tokens)) })
    : (figure?.replace(/^(\d+) of (\d+)$/, '$1 / $2') ?? '')
  return (
    <li className={classes.check} data-ok={ok}>
      <Icon name={ok ? 'check' : 'warning'} size={13} />
      <span>{name}</span>
      <span className={classes.figure}>{shown}</span>
      <span className={classes.checkHint}>
        {hint}
        {detail && <small>{detail}</small>}
      </span>
    </li>
  )
}

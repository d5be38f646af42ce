/** What the models run on: each device with its reason, and a test that shows what really ran, how alike, how fast [MO5]. */
import { Button, Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { DeviceInfo, DeviceTest } from '../../shared/devices.ts'
import type { Settings } from '../../shared/settings.ts'
import type { Status } from '../../shared/status.ts'
import { useAct } from '../hooks/useAct.ts'
import { useDevices, useDeviceTest } from '../hooks/useDevices.ts'
import { useUpdateSettings } from '../hooks/useSettings.ts'
import { useFormat } from '../i18n/useFormat.ts'
import { useWords } from '../i18n/useWords.ts'
import models from '../models/Models.module.css'
import { moveFocus } from '../parts/moveFocus.ts'
import classes from './Settings.module.css'

/** Nothing a test could change. */
const hopeless = ['not-built', 'not-bundled'] as const

const isHopeless = ({ reason }: DeviceInfo): boolean => hopeless.some((one) => one === reason)

export function DeviceForm({ settings, live }: { settings: Settings; live: Status['live'] }) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const devices = useDevices()
  const provider = words.provider(live.provider)
  // What can never run here is named below, not offered; unless it was chosen on another computer.
  const here = devices.filter((device) => !isHopeless(device) || device.id === settings.device)
  return (
    <div className={classes.wide}>
      <div className={classes.label}>{t('deviceForm.label')}</div>
      <p className={classes.hint} data-testid="device-in-use">
        {format.sentences([
          t('deviceForm.hint'),
          live.fallback === null
            ? t('deviceForm.inUse', { provider })
            : t('deviceForm.fellBack', {
                device: t(`settings.devices.${live.device}`),
                provider,
                reason: t(`deviceReasons.${live.fallback}`),
              }),
        ])}
      </p>
      <div
        className={classes.group}
        role="radiogroup"
        onKeyDown={moveFocus}
        aria-label={t('deviceForm.label')}
        data-testid="device-select"
      >
        {here.map((device) => (
          <DeviceChoice key={device.id} device={device} isChosen={device.id === settings.device} />
        ))}
      </div>
      {hopeless.map((reason) => {
        const names = devices
          .filter((device) => !here.includes(device) && device.reason === reason)
          .map((device) => t(`settings.devices.${device.id}`))
        return names.length === 0 ? null : (
          <p key={reason} className={classes.hint}>
            {t('deviceForm.notHere', {
              devices: names.join(t('units.listJoin')),
              reason: t(`deviceReasons.${reason}`),
            })}
          </p>
        )
      })}
    </div>
  )
}

function DeviceChoice({ device, isChosen }: { device: DeviceInfo; isChosen: boolean }) {
  const { t } = useTranslation()
  const words = useWords()
  const act = useAct()
  const update = useUpdateSettings()
  const { report, error, isRunning, run } = useDeviceTest(device.id)
  const name = t(`settings.devices.${device.id}`)
  const { id, reason, standsFor } = device
  const isTestable = id !== 'cpu' && !isHopeless(device)
  const facts = [
    ...(standsFor ? [t('deviceForm.standsFor', { device: t(`settings.devices.${standsFor}`) })] : []),
    ...(reason ? [t(`deviceReasons.${reason}`)] : []),
  ]
  return (
    <div className={models.device} data-testid={`device-row-${id}`}>
      <button
        type="button"
        role="radio"
        aria-checked={isChosen}
        disabled={!device.available && !isChosen}
        className={classes.choice}
        onClick={() => void act(() => update({ device: id }))}
        data-testid={`device-${id}`}
      >
        <span className={classes.dot} aria-hidden="true" />
        <span className={classes.choiceText}>
          <span className={classes.choiceName}>{name}</span>
          {facts.length > 0 && <span className={classes.facts}>{facts.join(' · ')}</span>}
        </span>
      </button>
      {isTestable && (
        <Button
          className={models.deviceTest}
          variant="default"
          size="compact-sm"
          disabled={isRunning}
          leftSection={isRunning ? <Loader size={12} /> : undefined}
          aria-label={t('deviceForm.testOf', { device: name })}
          onClick={run}
          data-testid={`test-device-${id}`}
        >
          {t('deviceForm.test')}
        </Button>
      )}
      {isRunning && (
        <p className={models.report} role="status">
          {t('deviceForm.testing')}
        </p>
      )}
      {error !== null && !isRunning && (
        <p className={`${models.report} ${classes.problem}`}>{words.error(error)}</p>
      )}
      {report && !isRunning && <Report report={report} isReasonShown={report.reason === reason} />}
    </div>
  )
}

function Report({ report, isReasonShown }: { report: DeviceTest; isReasonShown: boolean }) {
  const { t } = useTranslation()
  const format = useFormat()
  const words = useWords()
  const counts = Object.entries(report.nodes)
  const total = counts.reduce((sum, [, nodes]) => sum + nodes, 0)
  const own = counts.reduce(
    (sum, [provider, nodes]) =>
      sum + (provider.toLowerCase().includes(report.provider.toLowerCase()) ? nodes : 0),
    0,
  )
  const { textsPerSecond, cpuTextsPerSecond, worstCosine, reason } = report
  return (
    <div className={models.report} role="status" data-testid="device-report" data-accepted={report.accepted}>
      {format.sentences([
        report.accepted ? t('deviceForm.accepted') : t('deviceForm.refused'),
        reason && !isReasonShown ? t(`deviceReasons.${reason}`) : '',
        total > 0
          ? t('deviceForm.ran', {
              provider: words.provider(report.provider),
              nodes: format.number(own),
              total: format.number(total),
            })
          : '',
        worstCosine === null ? '' : t('deviceForm.alike', { cosine: format.likeness(worstCosine) }),
        textsPerSecond === null || cpuTextsPerSecond === null
          ? ''
          : t('deviceForm.speed', { rate: format.rate(textsPerSecond), cpu: format.rate(cpuTextsPerSecond) }),
      ])}
      {report.detail && (
        <small>
          {t('deviceForm.detail')}
          {t('units.colon')}
          {report.detail}
        </small>
      )}
    </div>
  )
}

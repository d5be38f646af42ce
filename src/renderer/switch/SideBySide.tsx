/** The same question in two indexes: two lists beside each other, each hit with its place in the other one. */
import { useTranslation } from 'react-i18next'
import type { TrialHit } from '../../shared/reindex.ts'
import classes from './SideBySide.module.css'

interface SideBySideProps {
  left: TrialHit[]
  right: TrialHit[]
  leftName: string
  rightName: string
  empty: string
  onOpen?(hit: TrialHit): void
}

/** How a hit moved against the other list. */
export type Move = { kind: 'same' | 'fresh' } | { kind: 'up' | 'down'; rank: number }

export function moveOf(hit: TrialHit, others: TrialHit[]): Move {
  const other = others.find((one) => one.documentId === hit.documentId)
  if (!other) return { kind: 'fresh' }
  if (other.rank === hit.rank) return { kind: 'same' }
  return { kind: other.rank > hit.rank ? 'up' : 'down', rank: other.rank }
}

export function SideBySide({ left, right, leftName, rightName, empty, onOpen }: SideBySideProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.columns} data-testid="side-by-side">
      <Column label={t('trial.live')} name={leftName} hits={left} empty={empty} onOpen={onOpen} />
      <Column
        label={t('trial.next')}
        name={rightName}
        hits={right}
        others={left}
        empty={empty}
        onOpen={onOpen}
      />
    </div>
  )
}

interface ColumnProps {
  label: string
  name: string
  hits: TrialHit[]
  /** Where moves are told against them. */
  others?: TrialHit[]
  empty: string
  onOpen: ((hit: TrialHit) => void) | undefined
}

function Column({ label, name, hits, others, empty, onOpen }: ColumnProps) {
  const { t } = useTranslation()
  return (
    <div className={classes.column}>
      <p className={classes.name}>
        <span className={classes.label}>{label}</span> {name}
      </p>
      {hits.length === 0 && <p className={classes.empty}>{empty}</p>}
      <ol className={classes.list}>
        {hits.map((hit) => (
          <li key={hit.documentId} className={classes.hit} data-testid="trial-hit">
            <span className={classes.rank}>{hit.rank}</span>
            <div className={classes.text}>
              <div className={classes.head}>
                {onOpen ? (
                  <button type="button" className={classes.open} onClick={() => onOpen(hit)}>
                    {hit.title}
                  </button>
                ) : (
                  <span className={classes.title}>{hit.title}</span>
                )}
                {hit.page !== null && (
                  <span className={classes.page}>{t('trial.page', { page: hit.page })}</span>
                )}
                {others && <Moved move={moveOf(hit, others)} />}
              </div>
              <p className={classes.snippet}>{hit.snippet}</p>
            </div>
          </li>
        ))}
      </ol>
    </div>
  )
}

const signs = { up: '▲', down: '▼', same: '=', fresh: '+' }

function Moved({ move }: { move: Move }) {
  const { t } = useTranslation()
  const words =
    move.kind === 'up' || move.kind === 'down'
      ? t(`trial.${move.kind}`, { rank: move.rank })
      : t(`trial.${move.kind}`)
  return (
    <span className={classes.move} data-move={move.kind} title={words}>
      <span aria-hidden="true">
        {signs[move.kind]}
        {'rank' in move ? ` ${move.rank}` : ''}
      </span>
      <span className="visually-hidden">{words}</span>
    </span>
  )
}

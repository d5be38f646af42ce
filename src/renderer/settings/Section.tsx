import type { ReactNode } from 'react'
import type { Settings } from '../../shared/settings.ts'
import type { Status } from '../../shared/status.ts'
import classes from './Settings.module.css'

export interface SectionProps {
  settings: Settings
  status: Status
}

export function Section({ name, title, children }: { name: string; title: string; children: ReactNode }) {
  return (
    <section className={classes.section} id={`settings-${name}`} aria-label={title}>
      <h2 className={classes.title}>{title}</h2>
      {children}
    </section>
  )
}

/** A name, what it means, and its control at the right. */
export function Row({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div className={classes.row}>
      <div>
        <div className={classes.label}>{label}</div>
        {hint && <p className={classes.hint}>{hint}</p>}
      </div>
      <div className={classes.control}>{children}</div>
    </div>
  )
}

/** No session: how to have one. A new link opened in this very tab changes only its fragment, which loads nothing by itself. */
import { Button, Code } from '@mantine/core'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { endSession } from '../session.ts'
import classes from './LostSession.module.css'

export function LostSession() {
  const { t } = useTranslation()
  useEffect(() => {
    const openLink = () => {
      if (new URLSearchParams(location.hash.slice(1)).has('code')) location.reload()
    }
    window.addEventListener('hashchange', openLink)
    return () => window.removeEventListener('hashchange', openLink)
  }, [])
  const again = () => {
    endSession()
    window.location.reload()
  }
  return (
    <main className={classes.page} data-testid="lost-session">
      <img src="/icon.svg" alt="" width={44} height={44} />
      <h1 className={classes.title}>{t('session.lostTitle')}</h1>
      {window.manifold ? (
        <>
          <p>{t('session.lostDesktop')}</p>
          <Button onClick={again}>{t('session.again')}</Button>
        </>
      ) : (
        <>
          <p>{t('session.lostBody')}</p>
          <Code block className={classes.code}>
            manifold serve
          </Code>
          <p>{t('session.lostThen')}</p>
        </>
      )}
    </main>
  )
}

/** What React could not draw becomes a sentence and a way on; the library is never at stake here. */
import { Button } from '@mantine/core'
import { Component, type ReactNode } from 'react'
import { Translation } from 'react-i18next'
import { Sentence } from './Sentence.tsx'

export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override componentDidCatch(error: unknown): void {
    console.error(error)
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children
    return (
      <Translation>
        {(t) => (
          <Sentence title={t('errors.boundary')}>
            <Button variant="default" onClick={() => this.setState({ failed: false })}>
              {t('app.retry')}
            </Button>
          </Sentence>
        )}
      </Translation>
    )
  }
}
